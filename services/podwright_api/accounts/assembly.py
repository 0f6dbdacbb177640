"""Puts accounts together."""

from dataclasses import dataclass
from typing import Self

from podwright_api.accounts.audit_log import AuditLog
from podwright_api.accounts.document_changes import DocumentChanges
from podwright_api.accounts.documents import Documents
from podwright_api.accounts.federation import Federation
from podwright_api.accounts.foundation import Foundation
from podwright_api.accounts.personal_data import PersonalData
from podwright_api.accounts.post_metrics import PostMetrics
from podwright_api.accounts.profile import Profile
from podwright_api.accounts.registration import Registration
from podwright_api.accounts.repetition import Repetition
from podwright_api.accounts.search import SearchIndex
from podwright_api.accounts.second_factor import SecondFactor
from podwright_api.accounts.sign_in import SignIn
from podwright_api.accounts.templates import Templates
from podwright_api.accounts.tenancy import Tenancy
from podwright_api.settings import AccountSettings


@dataclass(frozen=True)
class Accounts:
    """Everything that needs PostgreSQL."""

    foundation: Foundation
    sign_in: SignIn
    registration: Registration
    federation: Federation
    second_factor: SecondFactor
    profile: Profile
    personal_data: PersonalData
    tenancy: Tenancy
    audit: AuditLog
    repetition: Repetition
    documents: Documents
    document_changes: DocumentChanges
    templates: Templates
    search: SearchIndex
    post_metrics: PostMetrics

    @classmethod
    def build(cls, settings: AccountSettings) -> Self:
        foundation = Foundation.build(settings)
        second_factor = SecondFactor(foundation)
        sign_in, registration = SignIn(foundation, second_factor), Registration(foundation)
        documents = Documents(foundation)
        return cls(
            foundation,
            sign_in,
            registration,
            Federation(foundation, sign_in, registration),
            second_factor,
            Profile(foundation),
            PersonalData(foundation),
            Tenancy(foundation),
            AuditLog(foundation),
            Repetition(foundation),
            documents,
            DocumentChanges(documents),
            Templates(foundation),
            SearchIndex(foundation.database),
            PostMetrics(foundation),
        )

    async def close(self) -> None:
        await self.registration.close()
        await self.federation.close()
        await self.foundation.database.close()
