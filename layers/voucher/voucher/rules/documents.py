"""Uploaded documents: what they are called when they leave, and what is wrong with one that cannot be read."""

from collections.abc import Container, Iterable, Mapping, Sequence

from voucher.models.contents import Looks
from voucher.models.documents import Document, FileName, Unreadable
from voucher.policy import (
    ACTIVITY_DOCUMENTS,
    AGENCY_DOCUMENTS,
    CHANGE_DOCUMENTS,
    CLAIM_DOCUMENTS,
    COMPLAINT_DOCUMENTS,
    ENTERPRISE_DOCUMENTS,
    INSPECTION_DOCUMENTS,
    SETTLEMENT_DOCUMENTS,
)
from voucher.refusals import FieldError, Refusal, Refused
from voucher.words import THING_WORDS

# type → its name for people, and the ending of a file of it
FILE_TYPES = {"application/pdf": ("PDF", "pdf"), "image/jpeg": ("JPEG", "jpg"), "image/png": ("PNG", "png")}
LOOKS_WORDS: dict[Looks, str] = {
    "pdf": "PDF 文件，请按 PDF 类型重新登记并上传",
    "jpeg": "JPEG 图片，请按 JPEG 类型重新登记并上传",
    "png": "PNG 图片，请按 PNG 类型重新登记并上传",
    "late_pdf": "前面带有多余内容的 PDF，请用阅读器打开后另存（或打印）为 PDF，再重新上传",
    "heic": "HEIC 照片，请在手机相机设置中选择“兼容性最佳”，或另存为 JPEG 后重新上传",
    "video": "音视频文件，请改传 PDF、JPEG 或 PNG",
    "image": "其他格式的图片，请另存为 JPEG 或 PNG 后重新上传",
    "zip": "ZIP 压缩包或 Office 文档，请另存为 PDF（压缩包请先解压）后重新上传",
    "old_office": "旧版 Office 文档，请另存为 PDF 后重新上传",
    "archive": "压缩包，请解压后逐个上传",
    "text": "文本或网页，请另存为 PDF 后重新上传",
    "cut_short": "没有传完整的文件，请重新上传",
    "empty": "空文件，请重新上传",
    "unknown": "无法识别的文件，可能已损坏或更改过扩展名，请核对后重新上传",
}


def file_name(words: str, thing_id: str, ending: str) -> FileName:
    """The name under which a file leaves: our word for its kind, its id, its ending. Nothing of it comes from a
    client."""
    return FileName(f"{words}-{thing_id}.{ending}")


def document_name(document: Document) -> FileName:
    """The name under which a document leaves, by its kind and its type."""
    kinds = {
        "enterprises": ENTERPRISE_DOCUMENTS,
        "agencies": AGENCY_DOCUMENTS,
        "claims": CLAIM_DOCUMENTS,
        "inspections": INSPECTION_DOCUMENTS,
        "activities": ACTIVITY_DOCUMENTS,
        "complaints": COMPLAINT_DOCUMENTS,
    }
    words = kinds.get(document.owner.partition("/")[0], SETTLEMENT_DOCUMENTS) | CHANGE_DOCUMENTS
    _, ending = FILE_TYPES[document.content_type]
    # a kind that a later edition of the regulation asks for no longer is still read
    return file_name(words.get(document.kind, THING_WORDS["document"]), document.document_id, ending)


def unreadable_words(document: Document, looks: Looks) -> str:
    """That a document is there, why it cannot be read, and what to do, for the applicant."""
    kind, _ = FILE_TYPES[document.content_type]
    return f"文件已上传，但内容不是所报的 {kind} 类型，看起来是{LOOKS_WORDS[looks]}。"


def document_refusal(named: Iterable[tuple[str, str]], unreadable: Iterable[Unreadable]) -> Refused:
    """DOCUMENT_NOT_UPLOADED with each (field, document id) that names no good document: is it `unreadable`, or
    missing."""
    broken = {each.document.document_id: unreadable_words(*each) for each in unreadable}
    errors = [
        FieldError(field, broken[document_id], "unreadable")
        if document_id in broken
        else FieldError(field, "没有这份已上传的材料，请核对编号和种类。", "missing")
        for field, document_id in named
    ]
    return Refused(Refusal.DOCUMENT_NOT_UPLOADED, errors=errors)


def papers_for_report(documents: Iterable[Document], named: Sequence[str]) -> list[Document]:
    """§3.2.3, §4.1.3: the papers that a report names. A paper belongs to one report: it was handed in with no other.
    Raises DOCUMENT_NOT_UPLOADED for any other document."""
    free = {each.document_id: each for each in documents if each.kind in CHANGE_DOCUMENTS and not each.checked}
    check_papers(named, free, ())
    return [free[each] for each in named]


def check_papers(named: Sequence[str], good: Container[str], unreadable: Iterable[Unreadable]) -> None:
    """Raise DOCUMENT_NOT_UPLOADED for each paper named in a report that is no `good` one."""
    if wrong := [(f"document_ids.{number}", each) for number, each in enumerate(named) if each not in good]:
        raise document_refusal(wrong, unreadable)


def check_complete(
    documents: Iterable[Document], unreadable: Sequence[Unreadable], kinds: Mapping[str, str], clause: str
) -> None:
    """§3.2.1, §4.1.1: there is a document of each kind. Raises DOCUMENTS_MISSING, which names each missing kind, and
    says so where a file was uploaded that is not what it claims to be."""
    present = {each.kind for each in documents}
    missing = {kind: words for kind, words in kinds.items() if kind not in present}
    if not missing:
        return
    # of several files of one kind the newest, which stands first, is spoken of
    broken = {each.document.kind: unreadable_words(*each) for each in reversed(unreadable)}
    errors = [
        FieldError(kind, f"{words}：{broken[kind]}", "unreadable")
        if kind in broken
        else FieldError(kind, f"缺少{words}。", "missing")
        for kind, words in missing.items()
    ]
    named = [f"{words}（已上传的文件类型不符）" if kind in broken else words for kind, words in missing.items()]
    raise Refused(Refusal.DOCUMENTS_MISSING, errors=errors, clause=clause, kinds="、".join(named))
