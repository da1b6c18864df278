import { parser } from '@prometheus-io/lezer-promql';

type Node = ReturnType<typeof parser.parse>['topNode'];

export type Selector = {
  readonly metric: string;
  readonly matchers: readonly { readonly label: string; readonly operator: string; readonly value: string }[];
  /** The functions and aggregations around it, the innermost first. */
  readonly inside: readonly string[];
};

export type Query = {
  readonly selectors: readonly Selector[];
  /** Labels that an aggregation or a join names, with the metrics below it. */
  readonly grouped: readonly { readonly label: string; readonly metrics: readonly string[] }[];
};

/** Grafana fills these in. */
function filled(text: string): string {
  return text.replaceAll('$__rate_interval', '5m').replaceAll('$instance', '.*');
}

/** What a PromQL expression asks for. Throws on one that is not PromQL. */
export function readQuery(expression: string): Query {
  const text = filled(expression);
  const tree = parser.parse(text);
  const selectors: Selector[] = [];
  const grouped: { label: string; metrics: string[] }[] = [];
  const of = (node: Node): string => text.slice(node.from, node.to);
  tree.iterate({
    enter: ({ node, type }) => {
      if (type.isError) throw new Error(`not PromQL at ${node.from}: ${text}`);
      if (type.name === 'VectorSelector') selectors.push(selectorOf(node, of));
      if (type.name === 'GroupingLabels') {
        const owner = node.parent?.name === 'AggregateModifier' ? node.parent.parent : node.parent?.parent;
        const metrics = all(owner ?? node, 'VectorSelector').map((each) => selectorOf(each, of).metric);
        for (const label of all(node, 'LabelName')) grouped.push({ label: of(label), metrics });
      }
    },
  });
  if (selectors.length === 0) throw new Error(`no metric in: ${text}`);
  return { selectors, grouped };
}

function selectorOf(node: Node, of: (node: Node) => string): Selector {
  const name = node.getChild('Identifier');
  if (name === null) throw new Error(`a selector without a name: ${of(node)}`);
  const matchers = all(node, 'UnquotedLabelMatcher').map((matcher) => {
    const [label, operator, value] = ['LabelName', 'MatchOp', 'StringLiteral'].map((kind) => matcher.getChild(kind));
    if (label == null || operator == null || value == null) throw new Error(`odd matcher: ${of(matcher)}`);
    return { label: of(label), operator: of(operator), value: of(value).slice(1, -1) };
  });
  const inside: string[] = [];
  for (let up = node.parent; up !== null; up = up.parent) {
    const call = up.getChild('FunctionIdentifier') ?? up.getChild('AggregateOp');
    if (call !== null) inside.push(of(call));
  }
  return { metric: of(name), matchers, inside };
}

function all(node: Node, kind: string): Node[] {
  const found: Node[] = [];
  node.cursor().iterate((each) => {
    if (each.type.name === kind && each.from >= node.from && each.to <= node.to) found.push(each.node);
  });
  return found;
}
