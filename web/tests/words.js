// In place of the words that the server makes of contracts and rules.
export default { zh: { "rule.newly-let": "新出租" }, en: { "rule.newly-let": "newly let" } };
