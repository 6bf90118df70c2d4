//! Where the layout draws: an SVG that goes into a page as well as into a file of its own,
//! with light and with dark colours.

use std::fmt::Write;

use layout::core::format::{ClipHandle, RenderBackend};
use layout::core::geometry::Point;
use layout::core::style::StyleAttr;

use pileup_report::escape::xml;

/// The width of a character, and the height of a line.
pub const CHARACTER: f64 = 7.3;
pub const LINE: f64 = 16.0;
/// Around everything.
const MARGIN: f64 = 14.0;

/// The size of text, where nothing else is said.
pub const TEXT: usize = 12;
/// What the layout takes for the width of a character in the label of an edge.
pub const EDGE_CHARACTER: usize = 8;
/// The size of the title, and the width of its characters.
const TITLE: f64 = 14.0;
const TITLE_CHARACTER: f64 = 8.6;
/// The size of a shape in the legend, and the room between two of its lines.
const SAMPLE: Point = Point { x: 30.0, y: 14.0 };
const LEGEND_LINE: f64 = 22.0;

/// A viewer without style sheets shows these colours: those for a light background.
const STYLE: &str = include_str!("canvas.css");
const INK: &str = "#1c2230";
const QUIET: &str = "#5a6375";
const PAPER: &str = "#ffffff";
const RED: &str = "#c0362c";
/// From few tasks to most.
const HEAT: [&str; 5] = ["#ffffff", "#f8efe6", "#f5dfcd", "#f2c9ad", "#eeae8c"];
/// How many colours there are for weights.
pub const HEATS: usize = HEAT.len();

/// A shape in the legend.
#[derive(Debug, Clone, Copy)]
pub struct LegendShape {
    pub is_round: bool,
    pub class: &'static str,
}

/// A picture under construction, and its corners.
pub struct Canvas {
    shapes: String,
    /// Comes last, over the lines.
    text: String,
    least: Point,
    most: Point,
}

impl Default for Canvas {
    fn default() -> Self {
        Self {
            shapes: String::new(),
            text: String::new(),
            least: Point::splat(f64::INFINITY),
            most: Point::splat(f64::NEG_INFINITY),
        }
    }
}

impl Canvas {
    /// Writes a line under all that was drawn.
    pub fn say(&mut self, text: &str) {
        let place = if self.least.x > self.most.x {
            Point::zero()
        } else {
            let middle = f64::midpoint(self.least.x, self.most.x);
            Point::new(middle, self.most.y + 2.0 * LINE)
        };
        let look = StyleAttr {
            font_size: TEXT,
            ..StyleAttr::simple()
        };
        self.draw_text(place, text, &look);
    }

    /// Explains shapes in lines under all that was drawn.
    pub fn legend(&mut self, entries: &[(LegendShape, &'static str)]) {
        if self.least.x > self.most.x {
            return;
        }
        let mut corner = Point::new(self.least.x, self.most.y + LINE + MARGIN);
        for (shape, text) in entries {
            let class = Some(shape.class.to_owned());
            if shape.is_round {
                let middle = corner.add(SAMPLE.scale(0.5));
                self.draw_circle(middle, SAMPLE, &StyleAttr::simple(), class);
            } else {
                self.draw_rect(corner, SAMPLE, &StyleAttr::simple(), class, None);
            }
            let start = Point::new(corner.x + SAMPLE.x + 10.0, corner.y + SAMPLE.y - 3.0);
            self.write_from(start, text, TEXT as f64, "");
            let width = text.chars().count() as f64 * CHARACTER;
            self.take_in(start, Point::new(start.x + width, start.y + 3.0));
            corner.y += LEGEND_LINE;
        }
    }

    /// Writes a line that begins at a place.
    fn write_from(&mut self, Point { x, y }: Point, text: &str, size: f64, more: &str) {
        // Writing to a String does not fail.
        let _ = writeln!(
            self.text,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"start\" font-size=\"{size}\"{more}>{}</text>",
            xml(text)
        );
    }

    /// All that was drawn, under a title.
    pub fn picture(mut self, title: &str) -> String {
        if self.least.x > self.most.x {
            self.take_in(Point::zero(), Point::zero());
        }
        let start = Point::new(self.least.x, self.least.y - TITLE - MARGIN);
        let end = start.x + title.chars().count() as f64 * TITLE_CHARACTER;
        self.take_in(
            Point::new(start.x, start.y - TITLE),
            Point::new(end, start.y),
        );
        self.write_from(start, title, TITLE, " font-weight=\"bold\"");
        let about = xml(title);
        let (x, y) = (self.least.x - MARGIN, self.least.y - MARGIN);
        let width = self.most.x + MARGIN - x;
        let height = self.most.y + MARGIN - y;
        format!(
            "<svg class=\"waits\" xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" \
             aria-label=\"{about}\" \
             width=\"{width:.0}\" height=\"{height:.0}\" \
             viewBox=\"{x:.0} {y:.0} {width:.0} {height:.0}\" \
             font-family=\"ui-monospace, 'DejaVu Sans Mono', monospace\" font-size=\"12\" \
             text-anchor=\"middle\" fill=\"{PAPER}\">\n<style>\n{STYLE}</style>\n<defs>\n\
             {}{}</defs>\n\
             <rect class=\"paper\" x=\"{x:.0}\" y=\"{y:.0}\" width=\"100%\" height=\"100%\"/>\n\
             {}<g class=\"text\" fill=\"{INK}\">\n{}</g>\n</svg>\n",
            marker("head", QUIET),
            marker("red-head", RED),
            self.shapes,
            self.text
        )
    }

    fn take_in(&mut self, least: Point, most: Point) {
        self.least = Point::new(self.least.x.min(least.x), self.least.y.min(least.y));
        self.most = Point::new(self.most.x.max(most.x), self.most.y.max(most.y));
    }

    fn add(&mut self, element: std::fmt::Arguments<'_>) {
        // Writing to a String does not fail.
        let _ = writeln!(self.shapes, "{element}");
    }
}

fn marker(id: &str, color: &str) -> String {
    format!(
        "<marker id=\"{id}\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"9\" \
         markerHeight=\"9\" markerUnits=\"userSpaceOnUse\" orient=\"auto-start-reverse\">\
         <path class=\"{id}\" d=\"M0,0 L10,5 L0,10 z\" fill=\"{color}\"/></marker>\n"
    )
}

/// The class of a shape, with its colours and its line.
///
/// Classes are `cycle` for a part of a cycle, `ended` for what lives no more, `w` and a number
/// for the width of a line, and `heat` and a number for the colour of a box.
fn drawn(class: Option<&str>) -> String {
    let class = class.unwrap_or_default();
    let number = |name| {
        let mut classes = class.split(' ');
        classes.find_map(|class| class.strip_prefix(name)?.parse::<usize>().ok())
    };
    let (stroke, width) = if class.contains("cycle") {
        (RED, 2)
    } else {
        (QUIET, number("w").unwrap_or(1))
    };
    let fill = match number("heat").and_then(|heat| HEAT.get(heat)) {
        Some(color) => format!(" fill=\"{color}\""),
        None => String::new(),
    };
    let dash = if class.contains("ended") {
        " stroke-dasharray=\"5 4\""
    } else {
        ""
    };
    format!("class=\"{class}\" stroke=\"{stroke}\" stroke-width=\"{width}\"{dash}{fill}")
}

impl RenderBackend for Canvas {
    fn draw_rect(
        &mut self,
        xy: Point,
        size: Point,
        _look: &StyleAttr,
        properties: Option<String>,
        _clip: Option<ClipHandle>,
    ) {
        self.take_in(xy, xy.add(size));
        let (Point { x, y }, drawn) = (xy, drawn(properties.as_deref()));
        self.add(format_args!(
            "<rect {drawn} x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"4\"/>",
            size.x, size.y
        ));
    }

    fn draw_circle(
        &mut self,
        xy: Point,
        size: Point,
        _look: &StyleAttr,
        properties: Option<String>,
    ) {
        let half = size.scale(0.5);
        self.take_in(xy.sub(half), xy.add(half));
        let (Point { x, y }, drawn) = (xy, drawn(properties.as_deref()));
        self.add(format_args!(
            "<ellipse {drawn} cx=\"{x:.1}\" cy=\"{y:.1}\" rx=\"{:.1}\" ry=\"{:.1}\"/>",
            half.x, half.y
        ));
    }

    fn draw_text(&mut self, xy: Point, text: &str, look: &StyleAttr) {
        let of_edge = look.font_size == EDGE_CHARACTER;
        let size = if of_edge { TEXT } else { look.font_size };
        let scale = size as f64 / TEXT as f64;
        let line_height = LINE * scale;
        let lines = text.lines().count() as f64;
        let width = text.lines().map(textwrap::core::display_width).max();
        let half = Point::new(
            width.unwrap_or(0) as f64 * CHARACTER * scale / 2.0,
            lines * line_height / 2.0,
        );
        self.take_in(xy.sub(half), xy.add(half));
        if of_edge {
            // What is written at a line interrupts it.
            let _ = writeln!(
                self.text,
                "<rect class=\"paper\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" \
                 fill=\"{PAPER}\"/>",
                xy.x - half.x - 3.0,
                xy.y - half.y,
                2.0 * half.x + 6.0,
                2.0 * half.y
            );
        }
        let size = if size == TEXT {
            String::new()
        } else {
            format!(" font-size=\"{size}\"")
        };
        // A line stands on its base, a third of a character below its middle.
        let mut y = xy.y - (lines - 1.0) * line_height / 2.0 + 4.0 * scale;
        for line in text.lines() {
            // Writing to a String does not fail.
            let _ = writeln!(
                self.text,
                "<text x=\"{:.1}\" y=\"{y:.1}\"{size}>{}</text>",
                xy.x,
                xml(line)
            );
            y += line_height;
        }
    }

    fn draw_arrow(
        &mut self,
        path: &[(Point, Point)],
        _dashed: bool,
        (at_start, at_end): (bool, bool),
        _look: &StyleAttr,
        properties: Option<String>,
        _text: &str,
    ) {
        let [(start, leave), (arrive, end), more @ ..] = path else {
            return;
        };
        let mut curve = format!(
            "M{:.1},{:.1} C{:.1},{:.1} {:.1},{:.1} {:.1},{:.1}",
            start.x, start.y, leave.x, leave.y, arrive.x, arrive.y, end.x, end.y
        );
        self.take_in(*start, *start);
        self.take_in(*end, *end);
        for (arrive, end) in more {
            let _ = write!(
                curve,
                " S{:.1},{:.1} {:.1},{:.1}",
                arrive.x, arrive.y, end.x, end.y
            );
            self.take_in(*end, *end);
        }
        let drawn = drawn(properties.as_deref());
        let head = if drawn.contains("cycle") {
            "red-head"
        } else {
            "head"
        };
        let ends = [("marker-start", at_start), ("marker-end", at_end)];
        let mut heads = String::new();
        for (end, _) in ends.iter().filter(|(_, there)| *there) {
            let _ = write!(heads, " {end}=\"url(#{head})\"");
        }
        self.add(format_args!(
            "<path {drawn} fill=\"none\" d=\"{curve}\"{heads}/>"
        ));
    }

    fn draw_line(&mut self, _: Point, _: Point, _: &StyleAttr, _: Option<String>) {}

    fn create_clip(&mut self, _: Point, _: Point, _: usize) -> ClipHandle {
        0
    }
}
