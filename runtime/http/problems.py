"""Every error is a problem document of RFC 9457, in the caller's language and without a personal value.

`type` is `urn:citygrid:problem:<name>`, stable for programs; `instance` is the request's id, which the log also has,
never the path: a path names a person's row.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from psycopg import Error as DatabaseError
from psycopg import InterfaceError, OperationalError
from psycopg_pool import PoolTimeout, TooManyRequests
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from runtime.http.language import Language, Say, accepted

MEDIA_TYPE = "application/problem+json"
FIELD_NAME = re.compile("[a-z_]{1,40}")
log = structlog.get_logger("citygrid.http")


@dataclass(frozen=True)
class Kind:
    """One type of problem: its name in the URN, its HTTP status, its title and what to do about it."""

    name: str
    status: int
    title: Say
    detail: Say


BAD_REQUEST = Kind(
    "bad-request",
    400,
    Say("请求有误", "Bad request"),
    Say("请求无法读取，请检查格式。", "The request cannot be read; check its form."),
)
METHOD = Kind(
    "method-not-allowed",
    405,
    Say("方法不允许", "Method not allowed"),
    Say(
        "此地址不支持该方法，见 Allow 头。",
        "This address does not take this method; the Allow header names those it takes.",
    ),
)
TOO_LARGE = Kind(
    "too-large",
    413,
    Say("请求过大", "Request too large"),
    Say("请求正文超过上限。", "The request's body is over the limit."),
)
NOT_JSON = Kind(
    "not-json",
    415,
    Say("只接受 JSON", "JSON only"),
    Say("请以 Content-Type: application/json 发送。", "Send it with Content-Type: application/json."),
)
INVALID = Kind(
    "invalid",
    422,
    Say("内容不符合要求", "The content is not valid"),
    Say("请按 errors 所列字段修改。", "Mend the fields that `errors` lists."),
)
UNKNOWN_HOST = Kind(
    "unknown-host",
    421,
    Say("不是本系统的地址", "Not this system's address"),
    Say(
        "请使用系统的正式地址；管理员可在 CITYGRID_HOSTS 中添加。",
        "Use the system's own address; its administrator can add one to CITYGRID_HOSTS.",
    ),
)
TOO_MANY = Kind(
    "too-many-requests",
    429,
    Say("请求过多", "Too many requests"),
    Say("请稍候再试，见 Retry-After 头。", "Wait as the Retry-After header says, then try again."),
)
FAILED = Kind(
    "internal",
    500,
    Say("系统出错", "Something broke here"),
    Say("请把 instance 编号告诉管理员。", "Give the `instance` number to your administrator."),
)

WRONG: Mapping[str, Say] = {
    "missing": Say("必填", "is required"),
    "extra_forbidden": Say("不认识的字段", "is not a known field"),
    "json_invalid": Say("不是有效的 JSON", "is not valid JSON"),
    "uuid_parsing": Say("不是 UUID", "is not a UUID"),
    "int_parsing": Say("不是整数", "is not a whole number"),
    "literal_error": Say("不是允许的值", "is not one of the allowed values"),
    "string_too_short": Say("太短", "is too short"),
    "string_too_long": Say("太长", "is too long"),
    "string_pattern_mismatch": Say("格式不对", "has not the required form"),
    "identity_number": Say(
        "含有身份证件号码，请删去后再提交",
        "holds an identity number: take it out and send it again",
    ),
    "greater_than_equal": Say("太小", "is too small"),
    "less_than_equal": Say("太大", "is too large"),
}
WRONG_SOMEHOW = Say("格式不对", "is not valid")


class FieldError(BaseModel):
    """One field that is not right; the value itself is never repeated."""

    pointer: str = Field(description="where: `body`, `query` or `path` and the field", examples=["body/name"])
    detail: str = Field(description="what is wrong with it", examples=["必填"])


class Problem(BaseModel):
    """A problem document (RFC 9457)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:citygrid:problem:not-found",
                    "title": "没有找到",
                    "status": 404,
                    "detail": "此处没有您可以查看的内容。",
                    "instance": "urn:uuid:5f0c7a52-33a0-4c80-9b0d-3a6a3b6f4a10",
                }
            ]
        }
    )
    type: str = Field(description="`urn:citygrid:problem:<name>`; stable, for programs")
    title: str = Field(description="the type in words, Chinese or English")
    status: int = Field(description="the HTTP status again")
    detail: str = Field(description="what happened and what to do")
    instance: str = Field(description="this request's id; the log has it too")
    errors: list[FieldError] | None = Field(None, description="on 422: which fields")


class Refused(Exception):
    """The request is answered by this problem."""

    def __init__(self, kind: Kind, *, detail: Say | None = None, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(kind.name)
        self.kind = kind
        self.detail = detail
        self.headers = dict(headers or {})


def language_of(request: Request) -> Language:
    """The account's language once it is known, else what the browser prefers."""
    known: Language | None = getattr(request.state, "language", None)
    return known or accepted(request.headers.get("accept-language"))


def answer(
    kind: Kind,
    language: Language,
    request_id: uuid.UUID,
    *,
    detail: Say | None = None,
    errors: Sequence[BaseModel] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """The response that carries a problem of `kind`."""
    problem = Problem(
        type=f"urn:citygrid:problem:{kind.name}",
        title=kind.title.to(language),
        status=kind.status,
        detail=(detail or kind.detail).to(language),
        instance=f"urn:uuid:{request_id}",
        errors=None,
    )
    body: dict[str, Any] = problem.model_dump(exclude_none=True)
    if errors:
        body["errors"] = [error.model_dump() for error in errors]
    sent = {**(headers or {}), "Content-Language": language, "Vary": "Accept-Language"}
    return JSONResponse(body, status_code=kind.status, media_type=MEDIA_TYPE, headers=sent)


def refuse(request: Request, kind: Kind) -> JSONResponse:
    """The problem as an ordinary answer: unlike `raise Refused`, what the transaction wrote is kept."""
    return answer(kind, language_of(request), request.state.request_id)


def install(
    app: FastAPI,
    kinds: Mapping[int, Kind],
    by_sqlstate: Mapping[str, Kind] | None = None,
    details: Callable[[DatabaseError], Say | None] = lambda _: None,
) -> None:
    """Answer every error of `app` by a problem; what nobody foresaw is answered by the gate (`runtime/http/gate.py`).

    `kinds` by HTTP status, 503 (the database is away) among them; `by_sqlstate`: what functions of the database raise;
    `details`: what to say of such an error instead of its kind's own detail, if anything.
    """
    known = by_sqlstate or {}

    def reply(request: Request, kind: Kind, **more: Any) -> JSONResponse:
        return answer(kind, language_of(request), request.state.request_id, **more)

    @app.exception_handler(Refused)
    async def _refused(request: Request, refused: Refused) -> JSONResponse:
        return reply(request, refused.kind, detail=refused.detail, headers=refused.headers)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, refused: HTTPException) -> JSONResponse:
        return reply(request, kinds.get(refused.status_code, BAD_REQUEST), headers=refused.headers)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, refused: RequestValidationError) -> JSONResponse:
        language = language_of(request)
        errors = [
            FieldError(pointer=_pointer(error["loc"]), detail=WRONG.get(error["type"], WRONG_SOMEHOW).to(language))
            for error in refused.errors()[:20]
        ]
        return reply(request, INVALID, errors=errors)

    async def _away(request: Request, error: Exception) -> JSONResponse:
        log.warning("database_away", error=type(error).__name__, request=str(request.state.request_id))
        return reply(request, kinds[503], headers={"Retry-After": "2"})

    @app.exception_handler(DatabaseError)
    async def _refused_by_database(request: Request, error: DatabaseError) -> JSONResponse:
        kind = known.get(error.sqlstate or "")
        if kind is None:
            raise error
        return reply(request, kind, detail=details(error))

    for error in (PoolTimeout, TooManyRequests, OperationalError, InterfaceError):
        app.add_exception_handler(error, _away)


def _pointer(where: Sequence[int | str]) -> str:
    """`body/name`: the field's place; a name that no field of ours could have may be a person's."""
    return "/".join(str(part) if isinstance(part, int) or FIELD_NAME.fullmatch(part) else "?" for part in where)
