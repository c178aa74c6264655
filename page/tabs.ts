/** The choice of a dimension in a panel. */
import { h, type Tree } from "./dom.js"

export const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/** The name of a dimension, which is any text. */
export const clean = (dimension: string): string => dimension.slice(0, 40)

/** Tabs for the body of a panel, `PANEL-body`; none for a single dimension. */
export const tabs = (
  panel: string,
  dimensions: ReadonlyArray<string>,
  chosen: string,
  choose: (dimension: string) => void
): Tree | undefined => {
  if (dimensions.length < 2) return undefined
  const pick = (i: number): void => {
    const next = (i + dimensions.length) % dimensions.length
    choose(dimensions[next]!)
    document.getElementById(`${panel}-tab-${next}`)?.focus()
  }
  return h(
    "div",
    { class: "seg", role: "tablist", "aria-label": "Dimension" },
    dimensions.map((dimension, i) =>
      h("button", {
        key: dimension,
        type: "button",
        role: "tab",
        id: `${panel}-tab-${i}`,
        "aria-controls": `${panel}-body`,
        "aria-selected": String(dimension === chosen),
        tabindex: dimension === chosen ? "0" : "-1",
        on: {
          click: () => pick(i),
          keydown: (event: KeyboardEvent) => {
            const step = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0
            if (step === 0) return
            event.preventDefault()
            pick(i + step)
          }
        }
      }, `${capitalized(clean(dimension))}s`)
    )
  )
}
