//! The wait-for graph as a picture, laid out here: no Graphviz is needed.

use layout::backends::svg::SVGWriter;
use layout::gv::{DotParser, GraphBuilder};
use pileup_diagnosis::Graph;

use super::dot;
use crate::error::Error;

/// Draws the graph. A graph without nodes is an empty picture.
pub fn write(graph: &Graph) -> Result<String, Error> {
    let dot = dot::write(graph);
    let parsed = DotParser::new(&dot).process();
    let mut builder = GraphBuilder::new();
    builder.visit_graph(&parsed.map_err(Error::Draw)?);
    let mut picture = SVGWriter::new();
    builder.get().do_it(false, false, false, &mut picture);
    let document = picture.finalize();
    // The picture as a part of a page: without the declaration that only a file has.
    let start = document.find("<svg").unwrap_or_default();
    Ok(document[start..].to_owned())
}
