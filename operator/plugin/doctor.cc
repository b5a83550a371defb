// See doctor.h. What stands first explains what follows.
#include "operator/plugin/doctor.h"

#include <algorithm>
#include <set>
#include <sstream>

#include "operator/api/names.h"
#include "operator/base/text.h"
#include "operator/base/version.h"

namespace windlass::plugin {
namespace {

bool Has(const std::string& text, const char* words) { return text.find(words) != std::string::npos; }

// One look at a cluster, and the commands that are about it.
class Doctor {
 public:
  explicit Doctor(const Seen& seen)
      : seen_(seen), status_(StatusOf(seen.cluster)), name_(NameOf(seen.cluster)), space_(" -n " + TextAt(seen.cluster, {"metadata", "namespace"})) {
    if (space_ == " -n ") space_.clear();
  }

  std::vector<Finding> Look() {
    OfOperator();
    OfSpec();
    OfState();
    OfRefusals();
    OfSlots();
    OfPods();
    OfVolumes();
    OfSync();
    OfWork();
    OfAutoscaling();
    OfUpdates();
    OfVersions();
    OfNotes();
    return std::move(found_);
  }

 private:
  void Add(Finding finding) { found_.push_back(std::move(finding)); }
  std::string Windlass(const std::string& verb) const { return "kubectl windlass " + verb + " " + name_ + space_; }
  std::string Patch(const std::string& spec) const { return "kubectl patch rediscluster " + name_ + space_ + " --type=merge -p '{\"spec\": " + spec + "}'"; }
  std::string DescribePod(const std::string& pod) const { return "kubectl describe pod " + pod + space_; }
  // Of a condition that has this status; null if it has another, or is not there.
  const api::Condition* Condition(const char* type, const char* status) const {
    const api::Condition* found = api::FindCondition(status_, type);
    return found != nullptr && found->status == status ? found : nullptr;
  }
  std::string Spec(std::initializer_list<const char*> path) const {
    const Json* spec = At(seen_.cluster, {"spec"});
    return spec == nullptr ? "" : TextAt(*spec, path);
  }

  void OfOperator() {
    if (status_.phase.empty()) {
      Add({"No operator has looked at it.", "", "Is one running, and does it watch this namespace? The lease says who is in charge.",
           {"kubectl get leases -A --field-selector metadata.name=windlass-operator", "kubectl get deployments -A -l app.kubernetes.io/name=windlass"}});
    } else if (status_.observed_generation < seen_.cluster.at("metadata").value("generation", int64_t{0})) {
      Add({"The last change of the spec has not been seen yet.", "", "The operator does so within a second; if not, see whether it runs.",
           {"kubectl get leases -A --field-selector metadata.name=windlass-operator"}});
    }
    if (seen_.auth_secret_there == false) {
      const std::string secret = Spec({"auth", "secretName"});
      Add({"The secret " + secret + " that spec.auth.secretName names is not there.", "", "Nothing is done until there is a password.",
           {"kubectl create secret generic " + secret + space_ + " --from-literal=password=\"$(openssl rand -hex 16)\""}});
    }
  }

  void OfSpec() {
    const api::Condition* ready = api::FindCondition(status_, "Ready");
    if (ready == nullptr || ready->reason != "InvalidSpec") return;
    Add({"The spec is refused.", ready->message, "Correct the field that is named; nothing is changed until then.", {"kubectl edit rediscluster " + name_ + space_}});
  }

  void OfState() {
    if (TrueAt(seen_.cluster, {"spec", "paused"})) {
      Add({"It is paused.", "", "The operator looks and reports, and changes nothing.", {Windlass("pause") + " --off"}});
    }
    if (TrueAt(seen_.cluster, {"spec", "hibernated"})) {
      Add({"It is hibernated.", "", "No pod runs; the claims keep the data.", {Patch("{\"hibernated\": false}")}});
    }
    if (TrueAt(seen_.cluster, {"spec", "deletionProtection"}) && At(seen_.cluster, {"metadata", "deletionTimestamp"}) != nullptr) {
      Add({"It is to be deleted, and spec.deletionProtection is true.", "", "It stays until that is taken back.", {Patch("{\"deletionProtection\": false}")}});
    }
  }

  void OfRefusals() {
    const api::Condition* blocked = Condition("ScaleBlocked", "True");
    if (blocked == nullptr) return;
    Finding finding{"Pods or claims are refused.", blocked->message, "It is tried again every five seconds.", {}};
    if (Has(blocked->message, "exceeded quota")) {
      finding.advice = "Raise the quota, or ask for less. " + finding.advice;
      finding.commands = {"kubectl describe resourcequota" + space_, Patch("{\"shards\": " + std::to_string(std::max(1, status_.shards)) + "}")};
    } else if (Has(blocked->message, "LimitRange") || Has(blocked->message, "per Container") || Has(blocked->message, "per Pod") ||
               Has(blocked->message, "per PersistentVolumeClaim")) {
      finding.advice = "Stay within the limits of the namespace. " + finding.advice;
      finding.commands = {"kubectl describe limitrange" + space_};
    } else if (Has(blocked->message, "PodSecurity")) {
      finding.advice = "The namespace's pod security forbids what spec.pod asks for. " + finding.advice;
      finding.commands = {"kubectl get namespace" + (space_.empty() ? std::string() : " " + space_.substr(4)) + " --show-labels"};
    } else {
      finding.commands = {"kubectl get events" + space_ + " --field-selector type=Warning"};
    }
    Add(std::move(finding));
  }

  void OfSlots() {
    if (!status_.lost_slots.empty()) {
      Add({"A shard is lost: slots " + status_.lost_slots + ".", "Every node that held them is gone with its data.",
           "Bring a volume back; or give the data up, and have the slots served again, empty:", {Patch("{\"failover\": {\"lostShard\": \"Accept\"}}")}});
    } else if (const api::Condition* served = Condition("Available", "False"); served != nullptr && !TrueAt(seen_.cluster, {"spec", "hibernated"})) {
      Finding finding{"Some slots are not served.", served->message, "What stands below says which, and why.", {Windlass("slots")}};
      // The image has no shell that would know $POD_IP.
      const auto placed = std::find_if(seen_.pods.begin(), seen_.pods.end(), [](const Json& pod) { return !TextAt(pod, {"status", "podIP"}).empty(); });
      if (placed != seen_.pods.end()) {
        finding.commands.push_back("kubectl exec " + NameOf(*placed) + space_ + " -- windlassctl check " + TextAt(*placed, {"status", "podIP"}) + ":6379");
      }
      Add(std::move(finding));
    }
    const api::Condition* trouble = Condition("Degraded", "True");
    if (trouble == nullptr || !status_.lost_slots.empty()) return;
    Finding finding{"Something is wrong with its nodes.", trouble->message, "", {}};
    for (const Json& pod : seen_.pods) {
      if (Has(trouble->message, (NameOf(pod) + " ").c_str()) && TroubleOf(pod).empty() && finding.commands.size() < 4) {
        finding.commands.push_back("kubectl logs " + NameOf(pod) + space_ + " --tail=50");
      }
    }
    finding.advice = Has(trouble->message, "does not answer") ? "If it hangs for good, delete its pod: with storage it comes back with its data."
                                                              : "It mends itself once the nodes named are well; the events say what was done.";
    if (finding.commands.empty()) finding.commands = {"kubectl get events" + space_ + " --field-selector involvedObject.name=" + name_};
    Add(std::move(finding));
  }

  void OfPods() {
    for (const Json& pod : seen_.pods) {
      const std::string trouble = TroubleOf(pod), name = NameOf(pod);
      if (trouble.empty()) continue;
      if (Has(trouble, "volume node affinity") || Has(trouble, "no available volume zone")) {
        Add({name + ": no machine reaches its volume.", trouble, "Bring the machine back; or have the node rebuilt elsewhere, from its shard's others:",
             {DescribePod(name), Patch("{\"storage\": {\"onUnschedulable\": \"Rebuild\"}}")}});
      } else if (Has(trouble, "Unschedulable")) {
        Add({name + ": no machine has room for it.", trouble, "Add machines, or ask for less in spec.resources.requests.", {DescribePod(name), "kubectl get nodes"}});
      } else if (Has(trouble, "ImagePull") || Has(trouble, "InvalidImageName") || Has(trouble, "ErrImage")) {
        Add({name + ": its image cannot be had.", trouble, "Correct the name, or let it be the operator's:", {DescribePod(name), Patch("{\"image\": null}")}});
      } else if (Has(trouble, "CrashLoopBackOff")) {
        Add({name + ": its node ends again and again.", trouble, "Its last words:", {"kubectl logs " + name + space_ + " --previous --tail=50"}});
      } else {
        Add({name + ": its node does not run.", trouble, "", {DescribePod(name)}});
      }
    }
  }

  void OfVolumes() {
    for (const Json& claim : seen_.claims) {
      const std::string phase = TextAt(claim, {"status", "phase"}), name = NameOf(claim);
      if (phase == "Pending") {
        Add({"The claim " + name + " has no volume yet.", "", "Is there a storage class, and does it have room?", {"kubectl describe pvc " + name + space_, "kubectl get storageclass"}});
      } else if (phase == "Lost") {
        Add({"The volume of the claim " + name + " is gone for good.", "", "The node is made anew from its shard's others:",
             {"kubectl delete pvc " + name + space_ + " --wait=false", "kubectl delete pod " + name + space_}});
      }
    }
  }

  void OfSync() {
    const Json* wanted = At(seen_.cluster, {"spec", "replicasPerShard"});
    const int replicas = wanted != nullptr && wanted->is_number_integer() ? wanted->get<int>() : 1;
    if (TrueAt(seen_.cluster, {"spec", "hibernated"}) || status_.cluster_id.empty()) return;
    for (const api::ShardStatus& shard : status_.shard_statuses) {
      if (shard.slots == 0 || shard.synced_replicas >= replicas) continue;
      Finding finding{shard.name + ": " + std::to_string(shard.synced_replicas) + " of " + std::to_string(replicas) + " replicas are in step.",
                      "", "Until they are, nothing is rolled, and a failover may lose writes.", {}};
      for (const Json& pod : seen_.pods) {
        if (Label(pod, api::kLabelShard) != shard.name || NameOf(pod) == shard.master) continue;
        finding.commands.push_back("kubectl exec " + NameOf(pod) + space_ + " -- windlassctl cli info replication");
      }
      if (finding.commands.empty()) finding.commands = {"kubectl get pods" + space_ + " -l windlass.dev/cluster=" + name_ + " -L windlass.dev/shard,windlass.dev/role"};
      Add(std::move(finding));
    }
  }

  void OfWork() {
    if (!status_.operation || status_.operation->last_error.empty()) return;
    const api::Operation& operation = *status_.operation;
    const bool moves = !operation.moves.empty();
    Add({moves ? "Slots cannot be moved." : operation.kind + " has failed.",
         std::to_string(operation.attempts) + " times, since " + operation.started_at + ", at last with: " + operation.last_error,
         "It is tried again by itself. If the error names a node, look at that one.",
         {Windlass("plan"), "kubectl get events" + space_ + " --field-selector reason=" + (moves ? "SlotMoveFailed" : "PassFailed")}});
  }

  void OfAutoscaling() {
    if (const api::Condition* conflict = Condition("AutoscalerConflict", "True")) {
      Add({"Two autoscalers scale it.", conflict->message, "One of them has to go; to keep that of Kubernetes:", {"kubectl get hpa" + space_, Patch("{\"autoscaling\": null}")}});
    }
    const auto& scaling = status_.autoscaling;
    if (!scaling) return;
    if (scaling->reason == "AtMaximum") {
      Add({"Autoscaling is at its limit.", scaling->message, "If it is to go on:", {Patch("{\"autoscaling\": {\"maxShards\": " + std::to_string(scaling->desired_shards + 1) + "}}")}});
    } else if (scaling->reason == "HotSlot") {
      Add({"One slot makes most of a shard's work.", scaling->message, "More shards are of no use: spread what is in it over several keys.", {Windlass("slots")}});
    }
  }

  void OfUpdates() {
    if (const api::Condition* held = Condition("UpdateHeld", "True")) {
      Add({"Pods that are out of date are kept.", held->message, "Correct what was changed, or set it back; with update.mode OnDelete, delete the pods.", {Windlass("plan"), "kubectl edit rediscluster " + name_ + space_}});
    }
    if (const api::Condition* drift = Condition("ConfigDrift", "True")) {
      Finding finding{"Not all is as the spec says.", drift->message, "A setting that was refused, correct in spec.config; with update.mode OnDelete, delete the pods.", {"kubectl edit rediscluster " + name_ + space_}};
      if (Has(drift->message, "claim") || Has(drift->message, "volume")) finding.commands = {"kubectl get pvc" + space_ + " -l windlass.dev/cluster=" + name_, "kubectl get storageclass"};
      Add(std::move(finding));
    }
    if (const api::Condition* fenced = Condition("Fenced", "True")) {
      Finding finding{"Pods are fenced.", fenced->message, "Take the annotation off when you are done with them:", {}};
      for (const Json& pod : seen_.pods) {
        const std::string mark = TextAt(pod, {"metadata", "annotations", api::kAnnotationFenced});
        if (!mark.empty() && mark != "false") finding.commands.push_back("kubectl annotate pod " + NameOf(pod) + space_ + " windlass.dev/fenced-");
      }
      Add(std::move(finding));
    }
    if (const api::Condition* placed = Condition("PlacementSatisfied", "False")) {
      Add({"Masters are crowded in a zone.", placed->message, "They are handed over when all else is well; nothing is to be done.", {}});
    }
  }

  // "1.4.2" → "1.4"
  static std::string Minor(const std::string& version) { return version.substr(0, version.rfind('.')); }

  void OfVersions() {
    std::map<std::string, std::vector<std::string>> images;
    for (const Json& pod : seen_.pods) {
      const Json* containers = At(pod, {"spec", "containers"});
      if (containers != nullptr && !containers->empty()) images[containers->front().value("image", "")].push_back(NameOf(pod));
    }
    const bool rolling = status_.operation && status_.operation->kind == "Roll";
    if (images.size() > 1 && !rolling) {
      Finding finding{"Its nodes are of " + std::to_string(images.size()) + " images.", "", "A node keeps its image until its pod is made anew; delete a pod to have that done now.", {}};
      for (const auto& [image, pods] : images) {
        finding.why += (finding.why.empty() ? "" : "; ") + image + ": " + base::Join(pods, ", ");
        const bool newest = image == Spec({"image"});
        if (!newest && finding.commands.size() < 4 && !pods.empty() && !Spec({"image"}).empty()) finding.commands.push_back("kubectl delete pod " + pods.front() + space_);
      }
      if (finding.commands.empty()) finding.commands = {Windlass("plan")};
      Add(std::move(finding));
    }
    if (seen_.figures && !seen_.figures->version.empty() && Minor(seen_.figures->version) != Minor(base::kVersion)) {
      Add({"The operator is of version " + seen_.figures->version + ", this program of " + base::kVersion + ".", "", "What one of them does not know, it does not tell. Use the one that came with the operator.",
           {"kubectl windlass --version"}});
    }
  }

  void OfNotes() {
    if (status_.orphan_claims.empty()) return;
    Finding note{"Claims that nothing uses any more: " + base::Join(status_.orphan_claims, ", ") + ".", "", "When their data are not needed:",
                 {"kubectl delete pvc " + base::Join(status_.orphan_claims, " ") + space_}};
    note.wrong = false;
    Add(std::move(note));
  }

  const Seen& seen_;
  const api::Status status_;
  const std::string name_;
  std::string space_;  // " -n shop"
  std::vector<Finding> found_;
};

}  // namespace

std::vector<Finding> Findings(const Seen& seen) { return Doctor(seen).Look(); }

Diagnosis Diagnose(const Seen& seen) {
  std::ostringstream out;
  Diagnosis diagnosis;
  for (const Finding& finding : Findings(seen)) {
    diagnosis.well = diagnosis.well && !finding.wrong;
    out << (finding.wrong ? "! " : "- ") << finding.what << "\n";
    if (!finding.why.empty()) out << "  " << finding.why << "\n";
    if (!finding.advice.empty()) out << "  " << finding.advice << "\n";
    for (const std::string& command : finding.commands) out << "    " << command << "\n";
  }
  if (diagnosis.well) {
    const api::Status status = StatusOf(seen.cluster);
    const api::Condition* ready = api::FindCondition(status, "Ready");
    const bool done = ready != nullptr && ready->status == "True";
    diagnosis.text = done ? "Nothing is wrong.\n" : "Nothing is wrong; it is at work: see `kubectl windlass plan`.\n";
  }
  diagnosis.text += out.str();
  return diagnosis;
}

}  // namespace windlass::plugin
