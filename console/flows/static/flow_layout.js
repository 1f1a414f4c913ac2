// Lays a flow's picture out, in a thread of its own, so that typing stays quick.
import { Graph, layout } from "/static/vendor/dagre/dagre.esm.js";

export function laidOut({ nodes, edges }) {
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: "TB", nodesep: 28, ranksep: 36, edgesep: 14, marginx: 16, marginy: 16 });
  for (const { id, width, height } of nodes) graph.setNode(id, { width, height });
  for (const { from, to, name, width, height, weight } of edges) {
    graph.setEdge(from, to, { width, height, labelpos: "c", weight }, name);
  }
  layout(graph);
  const { width, height } = graph.graph();
  return {
    width, height,
    nodes: Object.fromEntries(graph.nodes().map((id) => [id, { x: graph.node(id).x, y: graph.node(id).y }])),
    edges: graph.edges().map((edge) => {
      const { points, x, y } = graph.edge(edge);
      return { name: edge.name, points, x, y };
    }),
  };
}

self.onmessage = ({ data }) => {
  try {
    self.postMessage({ number: data.number, ...laidOut(data) });
  } catch (error) {
    self.postMessage({ number: data.number, failed: String(error) });
  }
};
