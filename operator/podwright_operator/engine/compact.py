"""Small JSON texts, kept compressed: with 10,000 Episodes, their Jobs and pods the sum of them counts.

Most of an object's text is what every object of its type says. A dictionary of it leaves a fifth of a Job and of an
Episode and a third of a pod, where zlib alone leaves more than half of Jobs and pods.
"""

import zlib
from typing import Final

#: What the texts have in common, the most frequent last, as zlib wants it. It lives as long as the process does.
_TYPICAL: Final = (
    b'"apiVersion":"podwright.dev/v1alpha1","kind":"Episode","metadata":{"creationTimestamp":"","generation":1,"name":"'
    b'"namespace":"","resourceVersion":"","uid":"","finalizers":["podwright.dev/operator"]},"spec":{"announce":true,'
    b'"deletionPolicy":"Retain","explicit":false,"feed":{"enabled":true},"media":{"url":"s3://podwright/uploads/"},'
    b'"podcastRef":{"name":""},"suspend":false,"title":"","type":"full"},"status":{"artifacts":{"analysis":"s3://'
    b'/stages/analyze//analysis.json","chapters":"/chapters.json","texts":"/stages/write//texts.json","transcriptJson":"'
    b'/stages/transcribe//transcript.json","transcriptSrt":"/transcript.srt","transcriptTxt":"/transcript.txt",'
    b'"transcriptVtt":"/transcript.vtt"},"checks":{"checked":,"repaired":,"replaced":,"unasked":},"conditions":[{'
    b'"lastTransitionTime":"20","message":"","observedGeneration":1,"reason":"Progressing","status":"True","type":"Ready"'
    b'"reason":"Ready","status":"False","type":"Reconciling"},"type":"Stalled"}],"language":"en","media":{'
    b'"durationSeconds":,"mimeType":"audio/mpeg","sha256":"","sizeBytes":,"warnings":[]},"observedGeneration":1,'
    b'"progress":"100 %","stage":"Done","stages":[{"attempts":1,"digest":"","job":"","key":"","name":"","phase":"Done",'
    b'"progress":100,"since":"20"}'
    b'{"metadata":{"creationTimestamp":"20","labels":{"podwright.dev/stage":"transcribe"}},"status":{"phase":"Succeeded",'
    b'"phase":"Running","initContainerStatuses":[],"containerStatuses":[{"name":"stage","state":{"running":{"startedAt":"20'
    b'"state":{"terminated":{"exitCode":0,"reason":"Completed","message":"{\\"stage\\":\\"transcribe\\",\\"key\\":\\"'
    b'\\",\\"outcome\\":\\"done\\",\\"cached\\":false,\\"digest\\":\\"\\",\\"facts\\":{\\"language\\":\\"en\\"'
    b'},\\"message\\":null,\\"usage\\":{\\"cpuSeconds\\":}}","startedAt":"20","finishedAt":"20"}}}],"conditions":[]}}'
    b'{"metadata":{"creationTimestamp":"20","labels":{"podwright.dev/stage":"transcribe","podwright.dev/stage":"ingest",'
    b'"podwright.dev/stage":"analyze","podwright.dev/stage":"write"},"annotations":{"podwright.dev/retry":"",'
    b'"podwright.dev/run":"0","podwright.dev/stage-key":""}},"spec":{"suspend":false},"status":{"active":1,"conditions":[{'
    b'"type":"SuccessCriteriaMet","status":"True","lastTransitionTime":"20"},{"type":"Complete","status":"True",'
    b'"lastTransitionTime":"20"}]}}'
)
#: Raw deflate with the smallest tables that see the whole dictionary: setting larger ones up would take longer than
#: the work itself.
_WINDOW: Final = -12
_TABLES: Final = 5


def packed(text: bytes) -> bytes:
    squeeze = zlib.compressobj(1, zlib.DEFLATED, _WINDOW, _TABLES, zlib.Z_DEFAULT_STRATEGY, _TYPICAL)
    return squeeze.compress(text) + squeeze.flush()


def unpacked(data: bytes) -> bytes:
    return zlib.decompressobj(_WINDOW, _TYPICAL).decompress(data)
