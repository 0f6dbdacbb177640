{{/* Not empty where an object for Prometheus is wanted: dict "root" $ "wanted" VALUE; auto asks the cluster. */}}
{{- define "podwright.monitored" -}}
{{- if eq (toString .wanted) "auto" }}
{{- if .root.Capabilities.APIVersions.Has "monitoring.coreos.com/v1" }}yes{{ end }}
{{- else if eq (toString .wanted) "true" }}yes{{ end }}
{{- end }}

{{/* OpenTelemetry's variables, as entries of a map. */}}
{{- define "podwright.tracing" -}}
{{- with .Values.tracing }}
{{- if .endpoint }}
OTEL_EXPORTER_OTLP_ENDPOINT: {{ .endpoint | quote }}
OTEL_TRACES_SAMPLER: traceidratio
OTEL_TRACES_SAMPLER_ARG: {{ .sampleRatio | quote }}
{{- end }}
{{- end }}
{{- end }}
