import colours from "@11ty/eleventy-plugin-syntaxhighlight";

const KINDS = ["categories", "topics", "authors"];
const path = (name) => name.replaceAll(" ", "-");

function groups(api) {
  const posts = api.getFilteredByGlob("content/posts/*.md").sort((one, other) => other.date - one.date);
  const found = [{ url: "all", title: "All articles", posts }];
  for (const kind of KINDS) {
    const by = new Map();
    for (const post of posts) {
      for (const name of post.data[kind]) {
        if (!by.has(name)) by.set(name, []);
        by.get(name).push(post);
      }
    }
    for (const [name, posts] of by) found.push({ kind, url: `${kind}/${path(name)}`, title: name, posts });
  }
  return found;
}

export default function (config) {
  config.addPlugin(colours);
  config.addFilter("path", path);
  config.addFilter("day", (date) => date.toDateString());
  config.addCollection("feeds", groups);
  config.addCollection("menu", (api) => groups(api).filter(({ kind }) => kind === "categories"));
  config.addCollection("lists", (api) =>
    groups(api).flatMap(({ url, title, posts }) => {
      const total = Math.ceil(posts.length / 10);
      const at = (number) => (number ? `${url}/${number + 1}` : url);
      return Array.from({ length: total }, (_, number) => ({
        url: at(number), title, number: number + 1, total, feed: url, first: url, last: at(total - 1),
        before: number ? at(number - 1) : "", after: number + 1 < total ? at(number + 1) : "",
        posts: posts.slice(number * 10, number * 10 + 10),
      }));
    }),
  );
  return { dir: { input: "content", output: "output" }, markdownTemplateEngine: false };
}
