// Chinese: calls for help; keys as in the other language.

export default {
  "call.title": "紧急求助",
  "call.count": "{n} 个求助待响应",
  "call.people": "显示姓名和电话",
  "call.nowhere": "位置不详",
  "call.told": "已通知：{who}",
  "call.told.one": "{name}（{n} 米）",
  "call.next": "{left} 后通知下一位",
  "call.by": "{who} 已响应",
  "call.answer": "我来处理",
  "call.mute": "静音",
  "call.muted": "已静音 · 打开声音",
  "call.touch": "点一下页面即可发声",
};
