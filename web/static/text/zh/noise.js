export default {
  "list.of.inhibited": "由楼栋代替（抑制中）",
  "list.of.silenced": "静默中",
  "list.lines": "合为 {n} 行",
  "line.doors": "{n} 户需上门",
  "line.visited": "{n} 户已办",
  "line.urgent": "{n} 户紧急",
  "alert.inhibited": "由楼栋预警代替",
  "alert.inhibits": "含 {n} 户",
  "inhibited.why": "所在楼栋有预警，此户随楼栋一并处理；楼栋预警解除后此户重新派单。",
  "inhibited.by": "查看楼栋预警：{rule}",
  "inhibits": "代替本楼 {n} 户的预警，查看列表",
};
