import { Marked } from "marked";

import limits from "../../../../docs/limits.md?raw";
import law from "../../../../docs/explanation/law.md?raw";
import { useText } from "../../i18n";
import { hrefOf } from "../../shell/router";

const TEXTS = { limits, law } as const;
export type DocumentName = keyof typeof TEXTS;

export function isDocument(name: string | undefined): name is DocumentName {
  return name !== undefined && name in TEXTS;
}

/** Our own pages link to each other inside this page, to sources outside it, and else only name what they mean. */
const marked = new Marked({
  renderer: {
    link({ href, tokens }) {
      const text = this.parser.parseInline(tokens);
      const own = /(limits|law)\.md$/.exec(href);
      if (own) return `<a href="${hrefOf("about", own[1] ?? "")}">${text}</a>`;
      return /^https?:/.test(href) ? `<a href="${encodeURI(decodeURI(href))}" rel="noopener noreferrer" target="_blank">${text}</a>` : text;
    },
  },
});

/** A page of the docs as it was when this page was built; the text is ours, so its HTML can be trusted. */
export default function Document({ name }: { name: DocumentName }) {
  const t = useText("about");
  return (
    <>
      <a href={hrefOf("about")}>← {t.back}</a>
      <article class="card prose about-document" lang="en" dangerouslySetInnerHTML={{ __html: marked.parse(TEXTS[name]) as string }} />
    </>
  );
}
