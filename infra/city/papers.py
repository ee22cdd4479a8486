"""TRANSITIONAL: the old names of `infra.city.document_files`, for files that others are changing at the moment."""

from infra.city.document_files import DocumentFile as Paper
from infra.city.document_files import agency_documents as agency_papers
from infra.city.document_files import enterprise_documents as enterprise_papers
from infra.city.document_files import order_documents as order_papers
from infra.city.document_files import summary_invoice_document as summary_invoice_paper

__all__ = ["Paper", "agency_papers", "enterprise_papers", "order_papers", "summary_invoice_paper"]
