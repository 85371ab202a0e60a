{{- define "entrepot.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "entrepot.selector" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "entrepot.labels" -}}
{{ include "entrepot.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "entrepot.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end -}}
{{- end -}}

{{- define "entrepot.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{ default (include "entrepot.fullname" .) .Values.serviceAccount.name }}
{{- else -}}
{{ default "default" .Values.serviceAccount.name }}
{{- end -}}
{{- end -}}

{{- /* Whether the pods speak HTTPS, for probes and those who scrape. */ -}}
{{- define "entrepot.scheme" -}}
{{- $tls := dig "server" "tls" "off" .Values.settings -}}
{{- if or .Values.tls.secret (ne $tls "off") }}HTTPS{{ else }}HTTP{{ end -}}
{{- end -}}

{{- /* A setting as text: YAML's numbers come as floats, and lists are separated by commas. */ -}}
{{- define "entrepot.text" -}}
{{- if kindIs "slice" . -}}
{{- join "," . -}}
{{- else if kindIs "float64" . -}}
{{- if eq (floor .) . }}{{ int64 . }}{{ else }}{{ . }}{{ end -}}
{{- else -}}
{{- . -}}
{{- end -}}
{{- end -}}

{{- define "entrepot.env" -}}
{{- $found := dict "ENTREPOT_SERVER_DRAIN_SECONDS" .Values.drainSeconds -}}
{{- if eq .Values.mode "scale" -}}
{{- $_ := set $found "ENTREPOT_STORAGE_BLOBS" (required "mode scale needs blobs: s3://BUCKET/PREFIX" .Values.blobs) -}}
{{- end -}}
{{- if .Values.trustedProxies -}}
{{- $_ := set $found "ENTREPOT_SERVER_TRUSTED_PROXIES" .Values.trustedProxies -}}
{{- end -}}
{{- if .Values.ingress.enabled -}}
{{- $scheme := ternary "https" "http" (not (empty .Values.ingress.tlsSecret)) -}}
{{- $_ := set $found "ENTREPOT_SERVER_PUBLIC_URL" (printf "%s://%s" $scheme .Values.ingress.host) -}}
{{- end -}}
{{- if .Values.tls.secret -}}
{{- $_ := set $found "ENTREPOT_SERVER_TLS" "files" -}}
{{- $_ := set $found "ENTREPOT_SERVER_TLS_CERT" "/tls/tls.crt" -}}
{{- $_ := set $found "ENTREPOT_SERVER_TLS_KEY" "/tls/tls.key" -}}
{{- end -}}
{{- range $section, $keys := .Values.settings -}}
{{- range $key, $value := $keys -}}
{{- $_ := set $found (printf "ENTREPOT_%s_%s" (upper $section) (upper $key)) $value -}}
{{- end -}}
{{- end -}}
{{- if ne (int $found.ENTREPOT_SERVER_DRAIN_SECONDS) (int .Values.drainSeconds) -}}
{{- fail "set drainSeconds, not settings.server.drain_seconds: the pod's time to end is made of it" -}}
{{- end -}}
{{- range $name, $value := $found }}
- name: {{ $name }}
  value: {{ include "entrepot.text" $value | quote }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- /* The pod of both modes; `.volume` is what /data is. */ -}}
{{- define "entrepot.pod" -}}
metadata:
  labels:
    {{- include "entrepot.labels" . | nindent 4 }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    {{- if not .Values.secret.existing }}
    {{- /* A generated value is not in it: it is another one each time it is rendered. */}}
    checksum/secret: {{ .Values.secret | toYaml | sha256sum }}
    {{- end }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "entrepot.serviceAccount" . }}
  automountServiceAccountToken: false
  # Services named entrepot-… would set ENTREPOT_… variables, which are settings.
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ add .Values.preStopSeconds .Values.drainSeconds 15 }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 10001
    runAsGroup: 10001
    fsGroup: 10001
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile:
      type: RuntimeDefault
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  containers:
    - name: entrepot
      image: {{ include "entrepot.image" . | quote }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities:
          drop: [ALL]
      ports:
        - name: registry
          containerPort: 5000
      env:
        {{- include "entrepot.env" . | nindent 8 }}
      envFrom:
        {{- range default (list (include "entrepot.fullname" .)) .Values.secret.existing }}
        - secretRef:
            name: {{ . }}
        {{- end }}
      startupProbe:
        # A new version may first have to bring the catalog up to date.
        httpGet: {path: /healthz, port: registry, scheme: {{ include "entrepot.scheme" . }}}
        periodSeconds: 5
        failureThreshold: 180
      livenessProbe:
        httpGet: {path: /healthz, port: registry, scheme: {{ include "entrepot.scheme" . }}}
        periodSeconds: 15
        timeoutSeconds: 10
        failureThreshold: 4
      readinessProbe:
        httpGet: {path: /readyz, port: registry, scheme: {{ include "entrepot.scheme" . }}}
        periodSeconds: 5
        timeoutSeconds: 6
        failureThreshold: 2
      lifecycle:
        preStop:
          {{- if semverCompare ">=1.30.0-0" .Capabilities.KubeVersion.Version }}
          sleep:
            seconds: {{ .Values.preStopSeconds }}
          {{- else }}
          exec:
            command: [python3, -c, "import time; time.sleep({{ .Values.preStopSeconds }})"]
          {{- end }}
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      volumeMounts:
        - name: data
          mountPath: /data
        - name: tmp
          mountPath: /tmp
        {{- if .Values.tls.secret }}
        - name: tls
          mountPath: /tls
          readOnly: true
        {{- end }}
        {{- with .Values.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    - name: tmp
      emptyDir:
        sizeLimit: 1Gi
    {{- if eq .Values.mode "scale" }}
    - name: data
      emptyDir:
        sizeLimit: {{ .Values.scratch.size }}
    {{- else if .Values.persistence.existingClaim }}
    - name: data
      persistentVolumeClaim:
        claimName: {{ .Values.persistence.existingClaim }}
    {{- end }}
    {{- if .Values.tls.secret }}
    - name: tls
      secret:
        secretName: {{ .Values.tls.secret }}
        defaultMode: 0440
    {{- end }}
    {{- with .Values.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if .Values.topologySpreadConstraints }}
  topologySpreadConstraints:
    {{- toYaml .Values.topologySpreadConstraints | nindent 4 }}
  {{- else if eq .Values.mode "scale" }}
  topologySpreadConstraints:
    {{- range $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
    - maxSkew: 1
      topologyKey: {{ $key }}
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "entrepot.selector" $ | nindent 10 }}
    {{- end }}
  {{- end }}
{{- end -}}
