"""Every error is a problem document of RFC 9457, in the caller's language and without a personal value.

`type` is `urn:citygrid:problem:<name>`, stable for programs; `instance` is the request's id, which the log also has,
never the path: a path names a person's row.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
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

from api.language import Language, Say, accepted

MEDIA_TYPE = "application/problem+json"
FIELD_NAME = re.compile("[a-z_]{1,40}")
log = structlog.get_logger("citygrid.api")


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
NO_SESSION = Kind(
    "no-session",
    401,
    Say("请先登录", "Not logged in"),
    Say("会话不存在或已过期，请重新登录。", "There is no session or it has ended; log in again."),
)
LOGIN_REFUSED = Kind(
    "login-refused",
    401,
    Say("登录失败", "Login refused"),
    Say("账号或密码不正确。", "The name or the password is not right."),
)
FORBIDDEN = Kind(
    "forbidden",
    403,
    Say("没有权限", "Not allowed"),
    Say("本账号的角色不能执行此操作，请联系管理员。", "This account's role does not do this; ask your administrator."),
)
CROSS_SITE = Kind(
    "cross-site",
    403,
    Say("跨站请求被拒绝", "Cross-site request refused"),
    Say("请从本系统的页面操作。", "Send this from a page of this installation."),
)
NOT_FOUND = Kind(
    "not-found",
    404,
    Say("没有找到", "Not found"),
    Say("此处没有您可以查看的内容。", "There is nothing here that this account can see."),
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
ILLEGAL_MOVE = Kind(
    "illegal-move",
    409,
    Say("任务状态不允许", "The task's state does not allow this"),
    Say("任务状态已变化，请刷新后再试；没有任何改动。", "The task has moved on; reload it. Nothing was changed."),
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
AWAY = Kind(
    "unavailable",
    503,
    Say("暂时无法服务", "Unavailable for now"),
    Say("数据库暂时无法连接，请稍候再试。", "The database cannot be reached at the moment; try again soon."),
)
FULL = Kind(
    "streams-full",
    503,
    Say("实时连接已满", "No stream is free"),
    Say("请关闭不用的页面，稍候再试。", "Close pages you do not use and try again soon."),
)

KINDS = {
    kind.status: kind
    for kind in (
        BAD_REQUEST,
        NO_SESSION,
        FORBIDDEN,
        NOT_FOUND,
        METHOD,
        ILLEGAL_MOVE,
        TOO_LARGE,
        NOT_JSON,
        INVALID,
        TOO_MANY,
    )
} | {500: FAILED, 503: AWAY}

# What the functions of sinks/migrations raise.
BY_SQLSTATE = {"CG401": NO_SESSION, "CG403": FORBIDDEN, "CG404": NOT_FOUND, "CG409": ILLEGAL_MOVE, "CG422": INVALID}

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
    errors: Sequence[FieldError] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """The response that carries a problem of `kind`."""
    problem = Problem(
        type=f"urn:citygrid:problem:{kind.name}",
        title=kind.title.to(language),
        status=kind.status,
        detail=(detail or kind.detail).to(language),
        instance=f"urn:uuid:{request_id}",
        errors=list(errors) or None,
    )
    body: dict[str, Any] = problem.model_dump(exclude_none=True)
    sent = {**(headers or {}), "Content-Language": language, "Vary": "Accept-Language"}
    return JSONResponse(body, status_code=kind.status, media_type=MEDIA_TYPE, headers=sent)


def refuse(request: Request, kind: Kind) -> JSONResponse:
    """The problem as an ordinary answer: unlike `raise Refused`, what the transaction wrote is kept."""
    return answer(kind, language_of(request), request.state.request_id)


def install(app: FastAPI) -> None:
    """Answer every error of `app` by a problem; what nobody foresaw is answered by the gate (`api/gate.py`)."""

    def reply(request: Request, kind: Kind, **more: Any) -> JSONResponse:
        return answer(kind, language_of(request), request.state.request_id, **more)

    @app.exception_handler(Refused)
    async def _refused(request: Request, refused: Refused) -> JSONResponse:
        return reply(request, refused.kind, detail=refused.detail, headers=refused.headers)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, refused: HTTPException) -> JSONResponse:
        return reply(request, KINDS.get(refused.status_code, BAD_REQUEST), headers=refused.headers)

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
        return reply(request, AWAY, headers={"Retry-After": "2"})

    @app.exception_handler(DatabaseError)
    async def _refused_by_database(request: Request, error: DatabaseError) -> JSONResponse:
        kind = BY_SQLSTATE.get(error.sqlstate or "")
        if kind is None:
            raise error
        return reply(request, kind)

    for error in (PoolTimeout, TooManyRequests, OperationalError, InterfaceError):
        app.add_exception_handler(error, _away)


def _pointer(where: Sequence[int | str]) -> str:
    """`body/name`: the field's place; a name that no field of ours could have may be a person's."""
    return "/".join(str(part) if isinstance(part, int) or FIELD_NAME.fullmatch(part) else "?" for part in where)
