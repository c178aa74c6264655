/** The state of everything, as the heading of the page. */
import { h, show } from "../dom.js"
import { clipped, glyph, type Mark } from "../parts.js"
import type { Frame } from "../view.js"

const marks: Record<Frame["headline"]["level"], Mark> = { ok: "ok", warning: "warn", error: "error" }
const signs: Record<Frame["headline"]["level"], string> = { ok: "OK", warning: "!", error: "!!" }
const classes = { plain: "", strong: "strong", code: "mono" }

type Sentence = Frame["headline"]["sentence"]

const words = (sentence: Sentence) =>
  sentence.map(({ style, text }) => style === "plain" ? text : h("span", { class: classes[style] }, clipped(text, 120)))

export const headline = ({ headline }: Frame): void => {
  const { facts, level, sentence, title } = headline
  show(
    "headline",
    glyph(marks[level], title),
    h(
      "div",
      {},
      h("h1", { id: "headline-h" }, h("span", { class: "sr" }, `${title}: `), words(sentence)),
      facts.length > 0 && h("ul", { class: "facts" }, facts.map((fact) => h("li", {}, words(fact))))
    )
  )
  const text = `${signs[level]} effect-errata: ${title.toLowerCase()}`
  if (document.title !== text) document.title = text
}
