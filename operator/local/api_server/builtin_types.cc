// The built-in types as text. A type is `Name { field:type … }`, where
//   name!      required            type=value  default, a JSON scalar, [] or {}
//   string int long bool number any time quantity intorstring bytes   scalars
//   [T]        list, replaced whole            [T]@k1,k2  list keyed by fields
//   [T]@set    list of distinct scalars        <T>        map from string to T
//   Name       another type of this text
// The first key of a keyed list is its strategic-merge key.
#include "operator/local/api_server/builtin_types_notation.h"

namespace windlass::api_server {

const char* const kBuiltinNotation = R"types(
ObjectMeta {
  name:string generateName:string namespace:string selfLink:string uid:string resourceVersion:string
  generation:long creationTimestamp:time? deletionTimestamp:time? deletionGracePeriodSeconds:long
  labels:<string> annotations:<string> ownerReferences:[OwnerReference]@uid finalizers:[string]@set
  managedFields:[ManagedFieldsEntry]
}
OwnerReference { apiVersion!:string kind!:string name!:string uid!:string controller:bool blockOwnerDeletion:bool }
ManagedFieldsEntry { manager:string operation:string apiVersion:string time:time fieldsType:string fieldsV1:any subresource:string }
LabelSelector { matchLabels:<string> matchExpressions:[LabelSelectorRequirement] }
LabelSelectorRequirement { key!:string operator!:string values:[string] }
LocalObjectReference { name:string }
ObjectReference { kind:string namespace:string name:string uid:string apiVersion:string resourceVersion:string fieldPath:string }
Condition { type!:string status!:string reason:string message:string observedGeneration:long lastTransitionTime:time? lastProbeTime:time? lastUpdateTime:time? lastHeartbeatTime:time? }

Namespace { apiVersion:string kind:string metadata:ObjectMeta spec:NamespaceSpec status:NamespaceStatus }
NamespaceSpec { finalizers:[string] }
NamespaceStatus { phase:string conditions:[Condition]@type }

ConfigMap { apiVersion:string kind:string metadata:ObjectMeta data:<string> binaryData:<bytes> immutable:bool }
Secret { apiVersion:string kind:string metadata:ObjectMeta data:<bytes> stringData:<string> type:string="Opaque" immutable:bool }
ServiceAccount { apiVersion:string kind:string metadata:ObjectMeta secrets:[ObjectReference]@name imagePullSecrets:[LocalObjectReference] automountServiceAccountToken:bool }

Service { apiVersion:string kind:string metadata:ObjectMeta spec:ServiceSpec status:ServiceStatus }
ServiceSpec {
  ports:[ServicePort]@port,protocol selector:<string> clusterIP:string clusterIPs:[string] type:string="ClusterIP"
  externalIPs:[string] sessionAffinity:string="None" sessionAffinityConfig:any loadBalancerIP:string loadBalancerSourceRanges:[string]
  externalName:string externalTrafficPolicy:string healthCheckNodePort:int publishNotReadyAddresses:bool ipFamilies:[string]
  ipFamilyPolicy:string allocateLoadBalancerNodePorts:bool loadBalancerClass:string internalTrafficPolicy:string="Cluster" trafficDistribution:string
}
ServicePort { name:string protocol:string="TCP" appProtocol:string port!:int targetPort:intorstring nodePort:int }
ServiceStatus { loadBalancer:any={} conditions:[Condition]@type }

PersistentVolumeClaim { apiVersion:string kind:string metadata:ObjectMeta spec:PersistentVolumeClaimSpec status:PersistentVolumeClaimStatus }
PersistentVolumeClaimSpec {
  accessModes:[string] selector:LabelSelector resources:VolumeResourceRequirements volumeName:string storageClassName:string
  volumeMode:string="Filesystem" dataSource:any dataSourceRef:any volumeAttributesClassName:string
}
VolumeResourceRequirements { limits:<quantity> requests:<quantity> }
PersistentVolumeClaimStatus {
  phase:string accessModes:[string] capacity:<quantity> conditions:[Condition]@type allocatedResources:<quantity>
  allocatedResourceStatuses:<string> currentVolumeAttributesClassName:string modifyVolumeStatus:any
}

Event {
  apiVersion:string kind:string metadata:ObjectMeta involvedObject:ObjectReference reason:string message:string source:EventSource
  firstTimestamp:time? lastTimestamp:time? count:int type:string eventTime:time? series:any? action:string related:ObjectReference
  reportingComponent:string reportingInstance:string
}
EventSource { component:string host:string }
NewEvent {
  apiVersion:string kind:string metadata:ObjectMeta regarding:ObjectReference reason:string note:string
  deprecatedSource:EventSource deprecatedFirstTimestamp:time? deprecatedLastTimestamp:time? deprecatedCount:int type:string
  eventTime:time? series:any? action:string related:ObjectReference reportingController:string reportingInstance:string
}

Node { apiVersion:string kind:string metadata:ObjectMeta spec:NodeSpec status:NodeStatus }
NodeSpec { podCIDR:string podCIDRs:[string]@set providerID:string unschedulable:bool taints:[Taint] configSource:any externalID:string }
Taint { key!:string value:string effect!:string timeAdded:time? }
NodeStatus {
  capacity:<quantity> allocatable:<quantity> phase:string conditions:[Condition]@type addresses:[NodeAddress]@type
  daemonEndpoints:any nodeInfo:any images:[any] volumesInUse:[string] volumesAttached:[any] config:any runtimeHandlers:[any] features:any
}
NodeAddress { type!:string address!:string }

PodDisruptionBudget { apiVersion:string kind:string metadata:ObjectMeta spec:PodDisruptionBudgetSpec status:PodDisruptionBudgetStatus }
PodDisruptionBudgetSpec { minAvailable:intorstring selector:LabelSelector maxUnavailable:intorstring unhealthyPodEvictionPolicy:string }
PodDisruptionBudgetStatus {
  observedGeneration:long disruptedPods:<time> disruptionsAllowed:int currentHealthy:int desiredHealthy:int expectedPods:int conditions:[Condition]@type
}

NetworkPolicy { apiVersion:string kind:string metadata:ObjectMeta spec:NetworkPolicySpec }
NetworkPolicySpec { podSelector:LabelSelector={} ingress:[NetworkPolicyIngressRule] egress:[NetworkPolicyEgressRule] policyTypes:[string] }
NetworkPolicyIngressRule { ports:[NetworkPolicyPort] from:[NetworkPolicyPeer] }
NetworkPolicyEgressRule { ports:[NetworkPolicyPort] to:[NetworkPolicyPeer] }
NetworkPolicyPort { protocol:string port:intorstring endPort:int }
NetworkPolicyPeer { podSelector:LabelSelector namespaceSelector:LabelSelector ipBlock:IPBlock }
IPBlock { cidr!:string except:[string] }

Lease { apiVersion:string kind:string metadata:ObjectMeta spec:LeaseSpec }
LeaseSpec { holderIdentity:string? leaseDurationSeconds:int acquireTime:time? renewTime:time? leaseTransitions:int strategy:string preferredHolder:string }

CustomResourceDefinition { apiVersion:string kind:string metadata:ObjectMeta spec!:CustomResourceDefinitionSpec status:CustomResourceDefinitionStatus }
CustomResourceDefinitionSpec { group!:string names!:CustomResourceDefinitionNames scope!:string versions!:[CustomResourceDefinitionVersion] conversion:any={"strategy":"None"} preserveUnknownFields:bool }
CustomResourceDefinitionNames { plural!:string singular:string shortNames:[string] kind!:string listKind:string categories:[string] }
CustomResourceDefinitionVersion {
  name!:string served!:bool storage!:bool deprecated:bool deprecationWarning:string schema:CustomResourceValidation
  subresources:CustomResourceSubresources additionalPrinterColumns:[CustomResourceColumnDefinition] selectableFields:[any]
}
CustomResourceValidation { openAPIV3Schema:any }
CustomResourceSubresources { status:any scale:CustomResourceSubresourceScale }
CustomResourceSubresourceScale { specReplicasPath!:string statusReplicasPath!:string labelSelectorPath:string }
CustomResourceColumnDefinition { name!:string type!:string format:string description:string priority:int jsonPath!:string }
CustomResourceDefinitionStatus { conditions:[Condition]@type acceptedNames:CustomResourceDefinitionNames storedVersions:[string] observedGeneration:long }

Scale { apiVersion:string kind:string metadata:ObjectMeta spec:ScaleSpec status:ScaleStatus }
ScaleSpec { replicas:int }
ScaleStatus { replicas:int selector:string }

Pod { apiVersion:string kind:string metadata:ObjectMeta spec:PodSpec status:PodStatus }
PodSpec {
  volumes:[Volume]@name initContainers:[Container]@name containers!:[Container]@name ephemeralContainers:[any] restartPolicy:string="Always"
  terminationGracePeriodSeconds:long=30 activeDeadlineSeconds:long dnsPolicy:string="ClusterFirst" nodeSelector:<string>
  serviceAccountName:string serviceAccount:string automountServiceAccountToken:bool nodeName:string hostNetwork:bool hostPID:bool hostIPC:bool
  shareProcessNamespace:bool securityContext:PodSecurityContext={} imagePullSecrets:[LocalObjectReference]@name hostname:string subdomain:string
  affinity:any schedulerName:string="default-scheduler" tolerations:[Toleration] hostAliases:[HostAlias]@ip priorityClassName:string priority:int
  dnsConfig:any readinessGates:[any] runtimeClassName:string enableServiceLinks:bool=true preemptionPolicy:string overhead:<quantity>
  topologySpreadConstraints:[TopologySpreadConstraint]@topologyKey,whenUnsatisfiable setHostnameAsFQDN:bool os:any hostUsers:bool
  schedulingGates:[PodSchedulingGate]@name resourceClaims:[any] resources:any
}
PodSchedulingGate { name!:string }
HostAlias { ip!:string hostnames:[string] }
Toleration { key:string operator:string value:string effect:string tolerationSeconds:long }
TopologySpreadConstraint {
  maxSkew!:int topologyKey!:string whenUnsatisfiable!:string labelSelector:LabelSelector minDomains:int
  nodeAffinityPolicy:string nodeTaintsPolicy:string matchLabelKeys:[string]
}
PodSecurityContext {
  seLinuxOptions:any windowsOptions:any runAsUser:long runAsGroup:long runAsNonRoot:bool supplementalGroups:[long]
  supplementalGroupsPolicy:string fsGroup:long sysctls:[any] fsGroupChangePolicy:string seccompProfile:any appArmorProfile:any seLinuxChangePolicy:string
}
Container {
  name!:string image:string command:[string] args:[string] workingDir:string ports:[ContainerPort]@containerPort,protocol
  envFrom:[EnvFromSource] env:[EnvVar]@name resources:ResourceRequirements={} resizePolicy:[any] restartPolicy:string
  volumeMounts:[VolumeMount]@mountPath volumeDevices:[VolumeDevice]@devicePath livenessProbe:Probe readinessProbe:Probe startupProbe:Probe
  lifecycle:Lifecycle terminationMessagePath:string="/dev/termination-log" terminationMessagePolicy:string="File" imagePullPolicy:string
  securityContext:SecurityContext stdin:bool stdinOnce:bool tty:bool
}
ContainerPort { name:string hostPort:int containerPort!:int protocol:string="TCP" hostIP:string }
EnvFromSource { prefix:string configMapRef:OptionalReference secretRef:OptionalReference }
OptionalReference { name:string optional:bool }
EnvVar { name!:string value:string valueFrom:EnvVarSource }
EnvVarSource { fieldRef:ObjectFieldSelector resourceFieldRef:ResourceFieldSelector configMapKeyRef:KeySelector secretKeyRef:KeySelector }
ObjectFieldSelector { apiVersion:string="v1" fieldPath!:string }
ResourceFieldSelector { containerName:string resource!:string divisor:quantity }
KeySelector { name:string key!:string optional:bool }
ResourceRequirements { limits:<quantity> requests:<quantity> claims:[any] }
VolumeMount { name!:string readOnly:bool recursiveReadOnly:string mountPath!:string subPath:string mountPropagation:string subPathExpr:string }
VolumeDevice { name!:string devicePath!:string }
Probe {
  exec:ExecAction httpGet:HTTPGetAction tcpSocket:TCPSocketAction grpc:any initialDelaySeconds:int timeoutSeconds:int=1 periodSeconds:int=10
  successThreshold:int=1 failureThreshold:int=3 terminationGracePeriodSeconds:long
}
ExecAction { command:[string] }
HTTPGetAction { path:string="/" port!:intorstring host:string scheme:string="HTTP" httpHeaders:[HTTPHeader] }
HTTPHeader { name!:string value!:string }
TCPSocketAction { port!:intorstring host:string }
Lifecycle { postStart:LifecycleHandler preStop:LifecycleHandler stopSignal:string }
LifecycleHandler { exec:ExecAction httpGet:HTTPGetAction tcpSocket:TCPSocketAction sleep:SleepAction }
SleepAction { seconds!:long }
SecurityContext {
  capabilities:Capabilities privileged:bool seLinuxOptions:any windowsOptions:any runAsUser:long runAsGroup:long runAsNonRoot:bool
  readOnlyRootFilesystem:bool allowPrivilegeEscalation:bool procMount:string seccompProfile:any appArmorProfile:any
}
Capabilities { add:[string] drop:[string] }
Volume {
  name!:string hostPath:HostPathVolume emptyDir:EmptyDirVolume secret:SecretVolume configMap:ConfigMapVolume
  persistentVolumeClaim:ClaimVolume projected:ProjectedVolume downwardAPI:DownwardVolume nfs:any csi:any ephemeral:any image:any
}
HostPathVolume { path!:string type:string="" }
EmptyDirVolume { medium:string sizeLimit:quantity }
SecretVolume { secretName:string items:[KeyToPath] defaultMode:int=420 optional:bool }
ConfigMapVolume { name:string items:[KeyToPath] defaultMode:int=420 optional:bool }
KeyToPath { key!:string path!:string mode:int }
ClaimVolume { claimName!:string readOnly:bool }
ProjectedVolume { sources:[any] defaultMode:int=420 }
DownwardVolume { items:[any] defaultMode:int=420 }
PodStatus {
  observedGeneration:long phase:string conditions:[Condition]@type message:string reason:string nominatedNodeName:string hostIP:string
  hostIPs:[PodIP] podIP:string podIPs:[PodIP]@ip startTime:time? initContainerStatuses:[ContainerStatus] containerStatuses:[ContainerStatus]
  ephemeralContainerStatuses:[ContainerStatus] qosClass:string resize:string resourceClaimStatuses:[any]
}
PodIP { ip!:string }
ContainerStatus {
  name!:string state:ContainerState lastState:ContainerState ready!:bool restartCount!:int image!:string imageID!:string containerID:string
  started:bool allocatedResources:<quantity> resources:any volumeMounts:[any] user:any allocatedResourcesStatus:[any]
}
ContainerState { waiting:ContainerStateWaiting running:ContainerStateRunning terminated:ContainerStateTerminated }
ContainerStateWaiting { reason:string message:string }
ContainerStateRunning { startedAt:time? }
ContainerStateTerminated { exitCode!:int signal:int reason:string message:string startedAt:time? finishedAt:time? containerID:string }
)types";

}  // namespace windlass::api_server
