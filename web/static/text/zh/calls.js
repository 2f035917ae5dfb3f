// Chinese: calls for help; keys as in the other language.

export default {
  "call.title": "紧急求助",
  "call.count": "{n} 个求助待响应",
  "call.people": "显示姓名和电话",
  "call.nowhere": "位置不详",
  "call.told": "已通知：{who}",
  "call.told.one": "{name}（{n} 米）",
  "call.next": "{left} 后通知下一位",
  "call.next.now": "正在通知下一位",
  "call.nobody": "呼叫人未登记",
  "call.by": "{who} 已响应",
  "call.answer": "我来处理",
  "call.mute": "静音",
  "call.muted": "已静音 · 打开声音",
  "call.touch": "点一下页面即可发声",
  "push.title": "求助通知",
  "push.is-ask": "页面关闭时，这台设备不会提醒紧急求助。",
  "push.is-on": "页面关闭时，这台设备也会提醒紧急求助。",
  "push.is-denied": "浏览器已禁止本站通知；请在浏览器设置中允许后重新打开页面。",
  "push.allow": "允许提醒",
  "push.leave": "关闭提醒",
};
