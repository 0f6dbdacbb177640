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

{{/* Of hosts and networks that are allowed, the networks, as in a policy's egress.to. */}}
{{- define "podwright.ipBlocks" -}}
{{- $blocks := list }}
{{- range . }}
{{- if regexMatch "^[0-9.]+(/[0-9]+)?$|:" . }}
{{- $blocks = append $blocks (dict "ipBlock" (dict "cidr" (ternary . (printf "%s/%s" . (ternary "128" "32" (contains ":" .))) (contains "/" .)))) }}
{{- end }}
{{- end }}
{{- toYaml $blocks }}
{{- end }}

{{/* The port of an address. */}}
{{- define "podwright.portOf" -}}
{{- $named := default "" (urlParse .).host | regexFind ":[0-9]+$" | trimPrefix ":" }}
{{- $named | default (ternary 80 443 (hasPrefix "http://" .)) }}
{{- end }}

{{/*
Where an address leads, as in a policy's egress.to: into the namespace of its Service, to its address, else outside of
private networks. dict "url" .Values.storage.endpoint "public" $public
*/}}
{{- define "podwright.peersAt" -}}
{{- $host := default "" (urlParse .url).hostname }}
{{- $namespace := regexFind "[^.]+\\.svc(\\.|$)" $host | splitList "." | first }}
{{- $address := regexFind "^[0-9.]+$|^.*:.*$" $host }}
{{- $at := .public }}
{{- if $namespace }}
{{- $at = list (dict "namespaceSelector" (dict "matchLabels" (dict "kubernetes.io/metadata.name" $namespace))) }}
{{- else if $address }}
{{- $at = list (dict "ipBlock" (dict "cidr" (printf "%s/%s" $address (ternary "128" "32" (contains ":" $address))))) }}
{{- else if regexMatch "^[^.]+\\.[^.]+$" $host }}
{{- /* NAME.NAMESPACE in the cluster, or a name on the web. */}}
{{- $at = append $at (dict "namespaceSelector" (dict "matchLabels" (dict "kubernetes.io/metadata.name" (splitList "." $host | last)))) }}
{{- else if and $host (not (contains "." $host)) }}
{{- $at = list (dict "podSelector" dict) }}
{{- end }}
{{- toYaml $at }}
{{- end }}

{{/* Names of the operator's Leases, one for each shard. */}}
{{- define "podwright.leases" -}}
{{- $name := printf "%s-operator" (include "podwright.fullname" .) }}
{{- $shards := int .Values.operator.shards }}
{{- $leases := list }}
{{- range $shard := until $shards }}
{{- $leases = append $leases (printf "%s-%d-of-%d" $name $shard $shards) }}
{{- end }}
{{- ternary $name ($leases | join ",") (eq $shards 1) }}
{{- end }}

{{/* The ClusterRole of publishing Jobs. */}}
{{- define "podwright.publisherRole" -}}
{{- include "podwright.fullname" . }}-publisher
{{- end }}

{{- define "podwright.tokenSecret" -}}
{{- .Values.facade.token.existingSecret | default (printf "%s-api-token" (include "podwright.fullname" .)) }}
{{- end }}

{{- define "podwright.keysSecret" -}}
{{- .Values.facade.keys.existingSecret | default (printf "%s-api-keys" (include "podwright.fullname" .)) }}
{{- end }}

{{/* What the facade is told of people, where there is a database. */}}
{{- define "podwright.accountsEnvironment" -}}
- name: PODWRIGHT_DATABASE_URL_FILE
  value: /run/podwright-database/url
- name: PODWRIGHT_DATABASE_POOL_SIZE
  value: {{ .Values.facade.database.poolSize | quote }}
- name: PODWRIGHT_API_SIGNING_KEYS_FILE
  value: /run/podwright-keys/signing
- name: PODWRIGHT_API_ENCRYPTION_KEYS_FILE
  value: /run/podwright-keys/encryption
- name: PODWRIGHT_API_REGISTRATION
  value: {{ .Values.facade.accounts.registration }}
- name: PODWRIGHT_API_PUBLIC_URL
  value: {{ .Values.facade.accounts.publicUrl | quote }}
{{- with .Values.facade.accounts.apiUrl }}
- name: PODWRIGHT_API_EXTERNAL_URL
  value: {{ . | quote }}
{{- end }}
{{- with .Values.facade.webhooks.allow }}
- name: PODWRIGHT_API_WEBHOOKS_ALLOW
  value: {{ join "," . | quote }}
{{- end }}
{{- with .Values.facade.webhooks.deny }}
- name: PODWRIGHT_API_WEBHOOKS_DENY
  value: {{ join "," . | quote }}
{{- end }}
{{- if .Values.facade.oidc }}
{{- $providers := list }}
{{- range .Values.facade.oidc }}
{{- $provider := omit . "existingSecret" "secretKey" }}
{{- if .existingSecret }}
{{- $provider = set $provider "clientSecretFile" (printf "/run/podwright-oidc/%s" .name) }}
{{- end }}
{{- $providers = append $providers $provider }}
{{- end }}
- name: PODWRIGHT_API_OIDC_PROVIDERS
  value: {{ toJson $providers | quote }}
{{- end }}
- name: PODWRIGHT_API_REQUESTS_PER_HOUR
  value: {{ int64 .Values.facade.accounts.requestsPerHour | quote }}
{{- with .Values.facade.retention }}
- name: PODWRIGHT_API_KEEP_AUDIT_DAYS
  value: {{ int64 .auditDays | quote }}
- name: PODWRIGHT_API_KEEP_EVENTS_DAYS
  value: {{ int64 .eventsDays | quote }}
- name: PODWRIGHT_API_KEEP_ENDED_DAYS
  value: {{ int64 .endedDays | quote }}
- name: PODWRIGHT_API_KEEP_ANALYTICS_DAYS
  value: {{ int64 .analyticsDays | quote }}
{{- end }}
{{- with .Values.facade.mail }}
{{- if .host }}
- name: PODWRIGHT_SMTP_HOST
  value: {{ .host | quote }}
- name: PODWRIGHT_SMTP_PORT
  value: {{ .port | quote }}
- name: PODWRIGHT_SMTP_SECURITY
  value: {{ .security }}
- name: PODWRIGHT_SMTP_SENDER
  value: {{ .sender | quote }}
{{- if .existingSecret }}
- name: PODWRIGHT_SMTP_USERNAME_FILE
  value: /run/podwright-mail/username
- name: PODWRIGHT_SMTP_PASSWORD_FILE
  value: /run/podwright-mail/password
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* Secrets of OpenID Connect clients, each as a file named for its provider; empty where there are none. */}}
{{- define "podwright.oidcSecrets" -}}
{{- if .Values.facade.database.existingSecret }}
{{- range .Values.facade.oidc }}
{{- if .existingSecret }}
- secret:
    name: {{ .existingSecret }}
    items:
      - key: {{ .secretKey | default "clientSecret" }}
        path: {{ .name }}
{{- end }}
{{- end }}
{{- end }}
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

{{/* Where a component's pods run: dict "values" .Values.operator "selector" $selector. */}}
{{- define "podwright.placement" -}}
{{- $selector := .selector }}
{{- with .values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- $spread := .values.topologySpreadConstraints }}
{{- if and (not $spread) (gt (int .values.replicas) 1) }}
{{- $spread = list (dict "maxSkew" 1 "topologyKey" "kubernetes.io/hostname" "whenUnsatisfiable" "ScheduleAnyway") }}
{{- end }}
{{- with $spread }}
{{- $own := dict "labelSelector" (dict "matchLabels" (include "podwright.selector" $selector | fromYaml)) }}
topologySpreadConstraints:
  {{- range . }}
  - {{- toYaml (merge (deepCopy .) $own) | nindent 4 }}
  {{- end }}
{{- end }}
{{- end }}
