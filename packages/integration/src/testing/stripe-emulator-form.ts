/** A decoded form: strings, or more of it. Lists are objects with the keys 0, 1, 2…, as they stand on the wire. */
export interface Form {
  readonly [key: string]: string | Form;
}

const MOST_DEPTH = 8;

/**
 * Decodes `a=1&b[c]=2&d[]=3&d[]=4`, as Stripe's API takes it in bodies and queries.
 * @throws RangeError for a name that nests too deep or contradicts another one
 */
export function decodeForm(text: string): Form {
  const root = emptyForm();
  for (const [name, value] of new URLSearchParams(text)) {
    const path = pathOf(name);
    if (path.length > MOST_DEPTH) throw new RangeError("The form nests too deep");
    put(root, path, value);
  }
  return root;
}

/** A field that is text; nothing where it is missing, empty or nested. */
export function textOf(form: Form, name: string): string | undefined {
  const value = form[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

type OpenForm = { [key: string]: string | OpenForm };

// Without a prototype, a field called `__proto__` is a field.
function emptyForm(): OpenForm {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `Object.create` is typed as anything
  return Object.create(null) as OpenForm;
}

function pathOf(name: string): readonly string[] {
  const start = name.indexOf("[");
  if (start < 0) return [name];
  const rest = name.slice(start);
  if (!/^(?:\[[^[\]]*\])+$/.test(rest)) return [name];
  return [name.slice(0, start), ...rest.slice(1, -1).split("][")];
}

function put(form: OpenForm, [head = "", ...rest]: readonly string[], value: string): void {
  const key = head === "" ? String(Object.keys(form).length) : head;
  if (rest.length === 0) {
    form[key] = value;
    return;
  }
  const inner = (form[key] ??= emptyForm());
  if (typeof inner === "string") throw new RangeError("A field is both text and more of a form");
  put(inner, rest, value);
}
