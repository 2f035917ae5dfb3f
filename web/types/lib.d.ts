/** The words of contracts and rules, which the server makes: no file here. */
declare module "*/words.js" {
  const words: Record<City.Language, Record<string, string>>;
  export default words;
}
