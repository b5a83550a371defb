// A reader of protobuf driven by field numbers, as they stand in Kubernetes's
// published .proto files. A type is `Name { field=number:type … }` where type is
// string (also the default), int, bool, count and flag (an int and a bool whose
// zero means absent), bytes, time, intorstring, <string>,
// <bytes>, another type, or [type] for a repeated one.
#include "operator/local/api_server/protobuf_json.h"

#include <cstdint>
#include <ctime>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "operator/local/api_server/api_error.h"
#include "operator/local/api_server/base64.h"

namespace windlass::api_server {

using nlohmann::json;

namespace {

const char kMessages[] = R"messages(
ObjectMeta { name=1 generateName=2 namespace=3 uid=5 resourceVersion=6 generation=7:count creationTimestamp=8:time
  deletionTimestamp=9:time labels=11:<string> annotations=12:<string> ownerReferences=13:[OwnerReference] finalizers=14:[string] }
OwnerReference { kind=1 name=3 uid=4 apiVersion=5 controller=6:bool blockOwnerDeletion=7:bool }
LabelSelector { matchLabels=1:<string> matchExpressions=2:[LabelSelectorRequirement] }
LabelSelectorRequirement { key=1 operator=2 values=3:[string] }
LocalObjectReference { name=1 }
ObjectReference { kind=1 namespace=2 name=3 uid=4 apiVersion=5 resourceVersion=6 fieldPath=7 }
Namespace { metadata=1:ObjectMeta spec=2:NamespaceSpec }
NamespaceSpec { finalizers=1:[string] }
ConfigMap { metadata=1:ObjectMeta data=2:<string> binaryData=3:<bytes> immutable=4:bool }
Secret { metadata=1:ObjectMeta data=2:<bytes> type=3 stringData=4:<string> immutable=5:bool }
ServiceAccount { metadata=1:ObjectMeta secrets=2:[ObjectReference] imagePullSecrets=3:[LocalObjectReference] automountServiceAccountToken=4:bool }
Service { metadata=1:ObjectMeta spec=2:ServiceSpec }
ServiceSpec { ports=1:[ServicePort] selector=2:<string> clusterIP=3 type=4 externalIPs=5:[string] sessionAffinity=7 loadBalancerIP=8
  loadBalancerSourceRanges=9:[string] externalName=10 externalTrafficPolicy=11 healthCheckNodePort=12:count publishNotReadyAddresses=13:flag
  ipFamilyPolicy=17 clusterIPs=18:[string] ipFamilies=19:[string] internalTrafficPolicy=22 }
ServicePort { name=1 protocol=2 port=3:int targetPort=4:intorstring nodePort=5:count appProtocol=6 }
PodDisruptionBudget { metadata=1:ObjectMeta spec=2:PodDisruptionBudgetSpec }
PodDisruptionBudgetSpec { minAvailable=1:intorstring selector=2:LabelSelector maxUnavailable=3:intorstring unhealthyPodEvictionPolicy=4 }
Eviction { metadata=1:ObjectMeta deleteOptions=2:DeleteOptions }
DeleteOptions { gracePeriodSeconds=1:int preconditions=2:Preconditions orphanDependents=3:bool propagationPolicy=4 dryRun=5:[string] }
Preconditions { uid=1 resourceVersion=2 }
Time { seconds=1:int nanos=2:int }
IntOrString { type=1:int intVal=2:int strVal=3 }
Unknown { typeMeta=1:TypeMeta raw=2:raw contentEncoding=3 contentType=4 }
TypeMeta { apiVersion=1 kind=2 }
)messages";

constexpr int kDeepest = 32;

struct Field {
  std::string name;
  std::string type;
};
using Message = std::map<uint64_t, Field>;

std::map<std::string, Message> ReadMessages() {
  std::map<std::string, Message> messages;
  std::istringstream in(kMessages);
  for (std::string name; in >> name;) {
    std::string word;
    in >> word;  // {
    while (in >> word && word != "}") {
      size_t equals = word.find('=');
      size_t colon = word.find(':');
      Field field{word.substr(0, equals), colon == std::string::npos ? "string" : word.substr(colon + 1)};
      messages[name][std::strtoull(word.c_str() + equals + 1, nullptr, 10)] = field;
    }
  }
  return messages;
}

[[noreturn]] void Malformed() { throw BadRequest("error decoding: malformed protobuf"); }

// Takes values off the front of a message's bytes.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  bool AtEnd() const { return bytes_.empty(); }

  uint64_t Varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (bytes_.empty()) Malformed();
      uint8_t byte = static_cast<uint8_t>(bytes_[0]);
      bytes_.remove_prefix(1);
      value |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    Malformed();
  }

  std::string_view Bytes(uint64_t length) {
    if (length > bytes_.size()) Malformed();
    std::string_view taken = bytes_.substr(0, length);
    bytes_.remove_prefix(length);
    return taken;
  }

 private:
  std::string_view bytes_;
};

class Decoder {
 public:
  json Decode(const std::string& type, std::string_view bytes, int depth = 0) const {
    auto message = messages_.find(type);
    if (message == messages_.end() || depth > kDeepest) Malformed();
    json object = json::object();
    for (Reader reader(bytes); !reader.AtEnd();) {
      uint64_t tag = reader.Varint();
      uint64_t number = 0;
      std::string_view payload;
      switch (tag & 7) {
        case 0: number = reader.Varint(); break;
        case 1: payload = reader.Bytes(8); break;
        case 2: payload = reader.Bytes(reader.Varint()); break;
        case 5: payload = reader.Bytes(4); break;
        default: Malformed();
      }
      auto field = message->second.find(tag >> 3);
      if (field == message->second.end()) continue;  // a field nobody here reads
      Store(field->second, number, payload, object, depth);
    }
    return object;
  }

  bool Knows(const std::string& type) const { return messages_.count(type) != 0; }

 private:
  void Store(const Field& field, uint64_t number, std::string_view payload, json& object, int depth) const {
    const std::string& type = field.type;
    if (type[0] == '[') {
      object[field.name].push_back(Value(type.substr(1, type.size() - 2), number, payload, depth));
    } else if (type[0] == '<') {
      StoreEntry(type.substr(1, type.size() - 2), payload, object[field.name]);
    } else {
      json value = Value(type, number, payload, depth);
      // What is absent in JSON is written out empty in protobuf.
      bool absent = value.is_null() || value == "" || (value.is_object() && value.empty());
      if (!absent) object[field.name] = std::move(value);
    }
  }

  static void StoreEntry(const std::string& type, std::string_view payload, json& map) {
    std::string key;
    std::string_view value;
    for (Reader reader(payload); !reader.AtEnd();) {
      uint64_t tag = reader.Varint();
      if ((tag & 7) != 2) Malformed();
      std::string_view part = reader.Bytes(reader.Varint());
      if (tag >> 3 == 1) key = part;
      if (tag >> 3 == 2) value = part;
    }
    map[key] = type == "bytes" ? Base64(value) : std::string(value);
  }

  json Value(const std::string& type, uint64_t number, std::string_view payload, int depth) const {
    if (type == "string" || type == "raw") return std::string(payload);
    if (type == "int") return static_cast<int64_t>(number);
    if (type == "bool") return number != 0;
    if (type == "count") return number == 0 ? json() : json(static_cast<int64_t>(number));
    if (type == "flag") return number == 0 ? json() : json(true);
    if (type == "bytes") return Base64(payload);
    if (type == "time") {
      std::time_t seconds = Decode("Time", payload, depth + 1).value("seconds", int64_t{0});
      if (seconds <= 0) return json();
      std::tm parts{};
      gmtime_r(&seconds, &parts);
      char text[32];
      std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
      return text;
    }
    if (type == "intorstring") {
      json parts = Decode("IntOrString", payload, depth + 1);
      if (parts.value("type", 0) == 1) return parts.value("strVal", "");
      return parts.value("intVal", int64_t{0});
    }
    return Decode(type, payload, depth + 1);
  }

  const std::map<std::string, Message> messages_ = ReadMessages();
};

}  // namespace

json ProtobufToJson(std::string_view body) {
  constexpr std::string_view kMagic("k8s\0", 4);
  if (body.substr(0, kMagic.size()) != kMagic) Malformed();
  const Decoder decoder;
  json envelope = decoder.Decode("Unknown", body.substr(kMagic.size()));
  json meta = envelope.value("typeMeta", json::object());
  std::string kind = meta.value("kind", "");
  if (!decoder.Knows(kind) || kind == "Unknown") {
    throw ApiError(415, "UnsupportedMediaType", "a " + kind + " is taken as application/json only");
  }
  json object = decoder.Decode(kind, envelope.value("raw", ""));
  object["kind"] = kind;
  object["apiVersion"] = meta.value("apiVersion", "");
  return object;
}

}  // namespace windlass::api_server
