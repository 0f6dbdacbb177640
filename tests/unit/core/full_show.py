"""A show that declares everything that a feed can say, in the resources' own words."""

from typing import Any

GUID = "917393e3-1b1e-5cef-ace4-edaa54e1f810"
_PAGE = "https://table.example"
_LICENSE = {"identifier": "cc-by-4.0", "url": "https://creativecommons.org/licenses/by/4.0/"}
_FUNDING = [{"url": f"{_PAGE}/support", "text": "Support the show!"}]
_PEOPLE = [
    {"name": "Martin"},
    {"name": "Zoë & Co", "role": "guest", "group": "cast", "image": f"{_PAGE}/z.jpg", "url": f"{_PAGE}/zoe"},
]
_LOCATIONS = [
    {"name": "Vienna", "rel": "creator", "geo": "geo:48.2082,16.3738", "osm": "R109166", "country": "AT"},
    {"name": "Everywhere", "rel": "subject"},
]
_VALUE = {
    "type": "lightning",
    "method": "keysend",
    "suggested": "0.00000005000",
    "recipients": [
        {"name": "Martin", "type": "node", "address": "02d5c1", "split": 95, "fee": False},
        {
            "type": "lnaddress",
            "address": "app@pay.example",
            "split": 5,
            "fee": True,
            "customKey": "7",
            "customValue": "x",
        },
    ],
}
_TXT = [{"text": "S6lpp-7ZCn8", "purpose": "verify"}, {"text": "free <text> & more"}]
_SOCIAL = [
    {"protocol": "activitypub", "uri": f"{_PAGE}/@show/1", "accountId": "@show", "accountUrl": _PAGE, "priority": 1},
    {"protocol": "disabled"},
]
_CHAT = {"server": "irc.table.example", "protocol": "irc", "accountId": "@show", "space": "#table"}
_IMAGES = [
    {
        "href": f"{_PAGE}/wide.jpg",
        "alt": "A table",
        "aspectRatio": "16/9",
        "width": 1600,
        "height": 900,
        "purpose": "social",
    }
]
_SHARED: dict[str, Any] = {
    "license": _LICENSE,
    "funding": _FUNDING,
    "people": _PEOPLE,
    "locations": _LOCATIONS,
    "value": _VALUE,
    "txt": _TXT,
    "socialInteract": _SOCIAL,
    "chat": _CHAT,
    "images": _IMAGES,
}
SHOW: dict[str, Any] = _SHARED | {
    "locked": True,
    "medium": "podcast",
    "podroll": [
        {"feedGuid": "29cdca4a-32d8-56ba-b48b-09a011c5daa9"},
        {"feedGuid": GUID, "feedUrl": "https://other.example/feed.xml", "title": "Other", "itemGuid": "e1"},
    ],
    "publisher": {"feedGuid": "003af0a0-6a45-55cf-b765-68e3d349551a", "feedUrl": "https://net.example/p.xml"},
    "updateFrequency": {
        "text": "Every second Friday",
        "rrule": "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR",
        "start": "2026-01-02T00:00:00Z",
        "complete": False,
    },
    "block": [{"id": "google", "blocked": True}, {"blocked": False}],
    "newFeedUrl": "https://table.example/feed.xml",
    "complete": True,
}
EPISODE: dict[str, Any] = _SHARED | {
    "seasonName": "Rye",
    "numberLabel": "Ch. 3",
    "soundbites": [
        {"startSeconds": 73.0, "durationSeconds": 60.5, "title": "Why rye"},
        {"startSeconds": 0.00001, "durationSeconds": 15},
    ],
    "artwork": "https://table.example/e.jpg",
}
