/**
 * Elements as data, and the smallest change of the document that shows them. Every text of a frame becomes a text node or
 * an attribute, never markup. Elements are kept from one frame to the next, with their focus, selection and open details.
 */
export type Attributes = {
  readonly [name: string]: string | number | boolean | null | undefined | Handlers | Variables
}
type Handlers = { readonly [event: string]: (event: never) => void }
type Variables = { readonly [property: string]: string | number }

export interface Tree {
  readonly tag: string
  readonly isSvg: boolean
  readonly key: string | undefined
  readonly attributes: Attributes
  readonly kids: ReadonlyArray<Tree | string>
}

export type Kid = Tree | string | number | null | undefined | false | ReadonlyArray<Kid>

const flat = (kids: ReadonlyArray<Kid>): ReadonlyArray<Tree | string> =>
  kids.flatMap((kid): ReadonlyArray<Tree | string> =>
    kid === null || kid === undefined || kid === false
      ? []
      : typeof kid === "number"
      ? [String(kid)]
      : typeof kid === "string"
      ? [kid]
      : "tag" in kid
      ? [kid]
      : flat(kid)
  )

/**
 * An element of HTML. Special attributes: `key` finds it again among its siblings, `on` has listeners, `vars` properties of
 * its style, `first` attributes that are set only once.
 */
export const h = (tag: string, attributes: Attributes = {}, ...kids: ReadonlyArray<Kid>): Tree => ({
  tag,
  isSvg: false,
  key: typeof attributes["key"] === "string" ? attributes["key"] : undefined,
  attributes,
  kids: flat(kids)
})

/** An element of SVG. */
export const s = (tag: string, attributes: Attributes = {}, ...kids: ReadonlyArray<Kid>): Tree => ({
  ...h(tag, attributes, ...kids),
  isSvg: true
})

interface Memory {
  key: string | undefined
  attributes: Attributes
  handlers: Handlers
}

const memories = new WeakMap<Node, Memory>()
const namespace = "http://www.w3.org/2000/svg"

const create = (tree: Tree): Element => {
  const element = tree.isSvg ? document.createElementNS(namespace, tree.tag) : document.createElement(tree.tag)
  memories.set(element, { key: tree.key, attributes: {}, handlers: {} })
  for (const [name, value] of Object.entries((tree.attributes["first"] ?? {}) as Variables)) {
    element.setAttribute(name, String(value))
  }
  return element
}

const isSet = (value: unknown): boolean => value !== undefined && value !== null && value !== false

const update = (element: Element, tree: Tree): void => {
  const memory = memories.get(element)!
  const [before, after] = [memory.attributes, tree.attributes]
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old, value] = [before[name], after[name]]
    if (name === "key" || name === "first") continue
    if (name === "on") listen(element, memory, (value ?? {}) as Handlers)
    else if (name === "vars") style(element, (old ?? {}) as Variables, (value ?? {}) as Variables)
    else if (old !== value) {
      if (isSet(value)) element.setAttribute(name, value === true ? "" : String(value))
      else element.removeAttribute(name)
    }
  }
  memory.attributes = after
  fill(element, tree.kids)
}

const listen = (element: Element, memory: Memory, handlers: Handlers): void => {
  for (const event of Object.keys(handlers)) {
    if (!(event in memory.handlers)) {
      element.addEventListener(event, (happened) => memory.handlers[event]?.(happened as never))
    }
  }
  memory.handlers = { ...memory.handlers, ...handlers }
}

const style = (element: Element, old: Variables, vars: Variables): void => {
  const { style } = element as HTMLElement
  for (const name of Object.keys(old)) if (!(name in vars)) style.removeProperty(name)
  for (const [name, value] of Object.entries(vars)) if (old[name] !== value) style.setProperty(name, String(value))
}

const fits = (node: Node | null, tree: Tree): node is Element => {
  const memory = node === null ? undefined : memories.get(node)
  return memory !== undefined && memory.key === tree.key && (node as Element).localName === tree.tag
}

const found = (from: Node | null, tree: Tree): Element | undefined => {
  if (fits(from, tree)) return from
  if (tree.key === undefined) return undefined
  for (let node = from; node !== null; node = node.nextSibling) if (fits(node, tree)) return node
  return undefined
}

/** Makes the children of an element those of the list. */
const fill = (parent: Element, kids: ReadonlyArray<Tree | string>): void => {
  let place = parent.firstChild
  for (const kid of kids) {
    if (typeof kid === "string") {
      if (place instanceof Text) {
        if (place.data !== kid) place.data = kid
        place = place.nextSibling
      } else parent.insertBefore(document.createTextNode(kid), place)
      continue
    }
    const element = found(place, kid) ?? create(kid)
    update(element, kid)
    if (element === place) place = place.nextSibling
    else parent.insertBefore(element, place)
  }
  while (place !== null) {
    const next: ChildNode | null = place.nextSibling
    place.remove()
    place = next
  }
}

/** Shows a list as the children of the element with this id. */
export const show = (id: string, ...kids: ReadonlyArray<Kid>): void => {
  const focused = document.activeElement
  fill(document.getElementById(id)!, flat(kids))
  // A browser takes the focus from an element that moves.
  if (focused instanceof HTMLElement && focused.isConnected && document.activeElement !== focused) {
    focused.focus({ preventScroll: true })
  }
}
