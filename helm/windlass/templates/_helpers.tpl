{{- define "windlass.fullname" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "windlass.operator" -}}
{{ include "windlass.fullname" . }}-operator
{{- end }}

{{- define "windlass.selector" -}}
app.kubernetes.io/name: windlass-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "windlass.labels" -}}
{{ include "windlass.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: windlass
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "windlass.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}{{ default (include "windlass.operator" .) .Values.serviceAccount.name }}{{ else }}{{ default "default" .Values.serviceAccount.name }}{{ end }}
{{- end }}

{{- define "windlass.operatorImage" -}}
{{ .Values.image.operator.repository }}:{{ default .Chart.AppVersion .Values.image.operator.tag }}
{{- end }}

{{- define "windlass.nodeImage" -}}
{{ .Values.image.node.repository }}:{{ default .Chart.AppVersion .Values.image.node.tag }}
{{- end }}

{{- /* What the operator does with the objects of RedisClusters, where they are. */ -}}
{{- define "windlass.rules" -}}
- apiGroups: [windlass.dev]
  resources: [redisclusters]
  verbs: [get, list, watch, patch]
- apiGroups: [windlass.dev]
  resources: [redisclusters/status]
  verbs: [update]
- apiGroups: [windlass.dev]
  resources: [redisclusters/finalizers]
  verbs: [update]
- apiGroups: [""]
  resources: [pods, persistentvolumeclaims]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [""]
  resources: [pods/resize]
  verbs: [update]
- apiGroups: [""]
  resources: [configmaps, secrets]
  verbs: [get, list, watch, create, patch]
- apiGroups: [""]
  resources: [services]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [monitoring.coreos.com]
  resources: [podmonitors]
  verbs: [get, create, patch, delete]
- apiGroups: [autoscaling]
  resources: [horizontalpodautoscalers]
  verbs: [list]
- apiGroups: [""]
  resources: [events]
  verbs: [create, patch]
{{- end }}
