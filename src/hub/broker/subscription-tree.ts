import type { Qos } from '#wire/mqtt/packet.ts';

type Node<S> = { readonly children: Map<string, Node<S>>; readonly subscribers: Map<S, Qos> };

/**
 * Who wants which topics, level by level, so that a message costs as many steps as there are filters that begin
 * like its topic, and not as many as there are filters. `+` and `#` are children like any other level.
 */
export class SubscriptionTree<S> {
  readonly #root: Node<S> = newNode();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** An identical filter of the same subscriber is replaced [MQTT-3.8.4-3]. */
  add(filter: string, subscriber: S, qos: Qos): void {
    let node = this.#root;
    for (const level of filter.split('/')) {
      let child = node.children.get(level);
      if (!child) {
        child = newNode();
        node.children.set(level, child);
      }
      node = child;
    }
    if (!node.subscribers.has(subscriber)) this.#size++;
    node.subscribers.set(subscriber, qos);
  }

  remove(filter: string, subscriber: S): void {
    const path: { node: Node<S>; level: string }[] = [];
    let node: Node<S> | undefined = this.#root;
    for (const level of filter.split('/')) {
      path.push({ node, level });
      node = node.children.get(level);
      if (!node) return;
    }
    if (node.subscribers.delete(subscriber)) this.#size--;
    // What nobody wants any more takes no room.
    for (let step = path.pop(); step; step = path.pop()) {
      const child = step.node.children.get(step.level);
      if (!child || child.children.size > 0 || child.subscribers.size > 0) return;
      step.node.children.delete(step.level);
    }
  }

  /** The subscribers of `topic`, each once, with the largest QoS of its filters that match [MQTT-3.3.5-1]. */
  match(topic: string): Map<S, Qos> {
    const found = new Map<S, Qos>();
    const levels = topic.split('/');
    // Wildcards in the first level leave topics that begin with $ alone [MQTT-4.7.2-1].
    this.#visit(this.#root, levels, 0, !topic.startsWith('$'), found);
    return found;
  }

  #visit(node: Node<S>, levels: readonly string[], index: number, allowsWildcards: boolean, found: Map<S, Qos>): void {
    if (allowsWildcards) {
      // "a/#" wants "a" as well (4.7.1.2).
      const rest = node.children.get('#');
      if (rest) collect(rest, found);
    }
    const level = levels[index];
    if (level === undefined) {
      collect(node, found);
      return;
    }
    const exact = node.children.get(level);
    // A topic has no wildcards of its own: the broker refuses those.
    if (exact) this.#visit(exact, levels, index + 1, true, found);
    const any = allowsWildcards ? node.children.get('+') : undefined;
    if (any) this.#visit(any, levels, index + 1, true, found);
  }
}

function newNode<S>(): Node<S> {
  return { children: new Map(), subscribers: new Map() };
}

function collect<S>(node: Node<S>, found: Map<S, Qos>): void {
  for (const [subscriber, qos] of node.subscribers) {
    const known = found.get(subscriber);
    if (known === undefined || known < qos) found.set(subscriber, qos);
  }
}
