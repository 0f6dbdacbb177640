"""Full text search."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from podwright_api.accounts.search import Found
from podwright_api.answers import listed
from podwright_api.context import AccountsOf, Cursor, Tenant, may
from podwright_api.contract import API_PREFIX
from podwright_api.database.search import Question
from podwright_api.passages import SearchKind, base_language
from podwright_api.search_models import Asked, HitsAnswer, LanguageCode, cursor_of, position_of
from podwright_crds.resource import ObjectName

router = APIRouter(prefix=f"{API_PREFIX}/search", tags=["search"])

Reads = Annotated[Tenant, may("search:read")]


async def question(
    tenant: Reads,
    q: Annotated[
        Asked,
        Query(
            description='What to look for: words, "a phrase", one or other, -without. Words are found in all their '
            "forms where the language is known.",
            examples=["moon landing"],
        ),
    ],
    podcast: Annotated[ObjectName | None, Query(description="Only of this podcast.")] = None,
    kind: Annotated[SearchKind | None, Query(description="Only transcripts, notes or posts.")] = None,
    language: Annotated[LanguageCode | None, Query(description="Only in this language, whatever the region.")] = None,
) -> Question:
    """What is looked for, where the actor may look."""
    shows = None if tenant.all_shows else sorted(tenant.membership.shows)
    return Question(q, shows, podcast, kind, base_language(language) if language else None)


@router.get("", response_model=HitsAnswer, summary="Search transcripts, notes and posts")
async def search(
    request: Request,
    accounts: AccountsOf,
    tenant: Reads,
    asked: Annotated[Question, Depends(question)],
    limit: Annotated[int, Query(description="Most hits on a page.", ge=1, le=100)] = 20,
    cursor: Cursor = None,
) -> Response:
    """The best hits first; of a word with more than 2,000 hits the newest 2,000 are ranked.

    All words of a question have to stand in one passage, which is about a minute of speech.
    """
    after = position_of(cursor) if cursor else None
    found = await accounts.search.find(tenant.namespace, asked, after, limit)
    last = found[-1].hit if len(found) == limit else None
    return listed(request, [_view(one) for one in found], cursor_of((last.rank, last.id)) if last else None)


def _view(found: Found) -> dict[str, Any]:
    hit, place = found.hit, found.excerpt.place
    return {
        "kind": hit.kind,
        "podcast": hit.show,
        "episode": hit.episode,
        "post": hit.name if hit.kind is SearchKind.POST else None,
        "title": hit.title,
        "language": hit.language,
        "excerpt": found.excerpt.html,
        "segment": place.segment if place else None,
        "start": place.start if place else None,
        "end": place.end if place else None,
        "speaker": place.speaker if place else None,
    }
