"""The API's own problems beside those of every door (`runtime/http/problems.py`)."""

from __future__ import annotations

from fastapi import FastAPI
from psycopg import Error as DatabaseError

from runtime.http import problems
from runtime.http.language import Say
from runtime.http.problems import (
    BAD_REQUEST,
    FAILED,
    INVALID,
    MEDIA_TYPE,
    METHOD,
    NOT_JSON,
    TOO_LARGE,
    TOO_MANY,
    Kind,
    Problem,
    Refused,
    refuse,
)

__all__ = ["BAD_REQUEST", "INVALID", "MEDIA_TYPE", "TOO_MANY", "Problem", "Refused", "refuse"]

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
ILLEGAL_MOVE = Kind(
    "illegal-move",
    409,
    Say("任务状态不允许", "The task's state does not allow this"),
    Say("任务状态已变化，请刷新后再试；没有任何改动。", "The task has moved on; reload it. Nothing was changed."),
)
AWAY = Kind(
    "unavailable",
    503,
    Say("暂时无法服务", "Unavailable for now"),
    Say("数据库暂时无法连接，请稍候再试。", "The database cannot be reached at the moment; try again soon."),
)
STORE_AWAY = Kind(
    "photo-store-away",
    503,
    Say("照片暂时无法存取", "No photos for now"),
    Say("照片存储暂时无法连接，请稍候再试。", "The store of photos cannot be reached at the moment; try again soon."),
)
PLANNER_BUSY = Kind(
    "planner-busy",
    503,
    Say("暂时无法规划路线", "No plan for now"),
    Say("路线规划暂时繁忙，请继续使用手上的路线，稍候再试。", "Keep to the route in hand and try again soon."),
)
SHEET_BUSY = Kind(
    "sheet-busy",
    503,
    Say("暂时无法生成 PDF", "No PDF for now"),
    Say("请稍候再试；若一直如此，请安装 fonts-noto-cjk。", "Try again soon; if it stays so, install fonts-noto-cjk."),
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
        FAILED,
        AWAY,
    )
}

NO_QUEUE = Say(
    "没有这个队列：没有这个网格或区，没有任何改动；请从列表中选择。",
    "There is no such queue: no grid or district has this code, and nothing was changed; choose one from the list.",
)

NOT_ONESELF = Say(
    "不能更改自己的账号：请由另一位管理员操作；自己的口令在账号菜单中修改。",
    "Nobody changes their own account: another administrator does. Your own password is changed by the old one.",
)
NAME_TAKEN = Say("已有同名账号，请换一个名称。", "There is an account of this name already; choose another name.")
NO_STATEMENT = Say(
    "本案并不依据该部门信息，没有发出；请刷新后重选。",
    "The case does not rest on this statement of a department; nothing was asked. Reload it and choose another.",
)
ASKED_ALREADY = Say("已就这条信息提问，正等待答复。", "This was asked already, and waits for its answer.")
ANSWERED = Say(
    "此问题已经答复，没有任何改动；请刷新。", "This question was answered already; nothing was changed. Reload it."
)
NO_SHIFT_WORKER = Say(
    "网格员和副手须是两个能看到该网格的网格员账号；没有任何改动。",
    "Worker and deputy are two accounts of grid workers who see this grid. Nothing was changed.",
)
SHIFT_BEGUN = Say(
    "已开始的班次不能更改，只能安排之后的班次；没有任何改动。",
    "A shift that is planned lies ahead. Nothing was changed.",
)
SHIFT_TWICE = Say("有两行是同一班次；没有任何改动。", "Two lines are the same shift. Nothing was changed.")
IN_WORDS = {
    "shift-worker": NO_SHIFT_WORKER,
    "shift-begun": SHIFT_BEGUN,
    "shift-twice": SHIFT_TWICE,
    "queue": NO_QUEUE,
    "own-account": NOT_ONESELF,
    "name-taken": NAME_TAKEN,
    "statement": NO_STATEMENT,
    "asked-already": ASKED_ALREADY,
    "answered": ANSWERED,
}
"""By the detail with which a function of the database refuses what was sent (CG422)."""

# What the functions of database/migrations raise.
BY_SQLSTATE = {
    "CG401": NO_SESSION,
    "CG403": FORBIDDEN,
    "CG404": NOT_FOUND,
    "CG409": ILLEGAL_MOVE,
    "CG422": INVALID,
    "CG429": TOO_MANY,
}


def install(app: FastAPI) -> None:
    """Answer every error of `app` by a problem."""
    problems.install(app, KINDS, BY_SQLSTATE, _more)


def _more(error: DatabaseError) -> Say | None:
    """What is wrong with what was sent, or which moves city.move_task found legal."""
    if error.sqlstate == "CG422" or error.diag.message_detail == "answered":
        return IN_WORDS.get(error.diag.message_detail or "")
    if error.sqlstate != "CG409" or not error.diag.message_detail:
        return None
    moves = error.diag.message_detail.replace("_", "-")
    if holder := error.diag.message_hint:
        return Say(
            f"任务已由 {holder} 领取，没有任何改动。本账号现在可以执行：{'无' if moves == 'none' else moves}。",
            f"{holder} has claimed this task; nothing was changed. This account may now: {moves}.",
        )
    return Say(
        f"任务状态已变化，没有任何改动；请刷新。本账号现在可以执行：{'无' if moves == 'none' else moves}。",
        f"The task has moved on and nothing was changed; reload it. This account may now: {moves}.",
    )
