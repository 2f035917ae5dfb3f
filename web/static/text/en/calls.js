// English: calls for help; keys as in the other language.

export default {
  "call.title": "Calls for help",
  "call.count": "Calls that wait for an answer: {n}",
  "call.people": "Show name and telephone",
  "call.nowhere": "place not known",
  "call.told": "Told: {who}",
  "call.told.one": "{name} ({n} m)",
  "call.next": "the next is told in {left}",
  "call.next.now": "telling the next one now",
  "call.nobody": "nobody is registered with this button",
  "call.by": "{who} is at it",
  "call.answer": "I am at it",
  "call.mute": "Mute",
  "call.muted": "Muted · sound on",
  "call.touch": "touch the page to let it sound",
  "push.title": "Notices of calls for help",
  "push.is-ask": "While this page is closed, this device does not tell you of calls for help.",
  "push.is-on": "This device tells you of calls for help while the page is closed, too.",
  "push.is-denied": "The browser forbids notices of this site: allow them in its settings and open the page again.",
  "push.allow": "Allow notices",
  "push.leave": "Stop notices",
};
