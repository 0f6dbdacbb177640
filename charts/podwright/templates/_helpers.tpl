{{/* The chart's name, in labels. */}}
{{- define "podwright.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* What the names of objects start with: the release's name, with the chart's name where that does not contain it. */}}
{{- define "podwright.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else if contains (include "podwright.name" .) .Release.Name }}
{{- .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "podwright.name" .) | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "podwright.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/name: {{ include "podwright.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: podwright
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{/* Labels that select the pods of a component: dict "root" $ "component" "operator". */}}
{{- define "podwright.selector" -}}
app.kubernetes.io/name: {{ include "podwright.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{/* An image's reference: dict "image" .Values.image "default" .Chart.AppVersion. */}}
{{- define "podwright.image" -}}
{{- if .image.digest -}}
{{ .image.repository }}@{{ .image.digest }}
{{- else -}}
{{ .image.repository }}:{{ .image.tag | default .default }}
{{- end -}}
{{- end }}

{{/* Namespaces that the facade works in, the default one first. */}}
{{- define "podwright.facadeNamespaces" -}}
{{- .Values.tenants | default (list .Release.Namespace) | uniq | join "," }}
{{- end }}

{{- define "podwright.tokenSecret" -}}
{{- .Values.facade.token.existingSecret | default (printf "%s-api-token" (include "podwright.fullname" .)) }}
{{- end }}

{{- define "podwright.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "podwright.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* Annotations of a component's pods: dict "root" $ "component" .Values.operator "port" 9090. */}}
{{- define "podwright.podAnnotations" -}}
{{- with .component.podAnnotations }}
{{ toYaml . }}
{{- end }}
{{- if .root.Values.metrics.annotations }}
prometheus.io/scrape: "true"
prometheus.io/port: {{ .port | quote }}
prometheus.io/path: /metrics
{{- end }}
{{- end }}

{{/* Where a component's pods run: its values. */}}
{{- define "podwright.placement" -}}
{{- with .priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
