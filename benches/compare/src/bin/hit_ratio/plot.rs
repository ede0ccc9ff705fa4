//! Hit ratio over cache size, as a picture.

use plotters::prelude::*;

/// One cache's hit ratios, in percent, by size.
pub struct Line {
    pub name: String,
    pub points: Vec<(usize, f64)>,
}

/// Draws a trace's lines into a file.
pub fn draw(
    path: &std::path::Path,
    title: &str,
    lines: &[Line],
) -> Result<(), Box<dyn std::error::Error>> {
    let points = || lines.iter().flat_map(|line| &line.points);
    let sizes = points().map(|(size, _)| *size);
    let (least, most) = (sizes.clone().min().unwrap_or(1), sizes.max().unwrap_or(2));
    let top = points().map(|(_, ratio)| *ratio).fold(1.0, f64::max);
    let root = SVGBackend::new(path, (720, 460)).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption(title, ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(42)
        .y_label_area_size(52)
        .build_cartesian_2d(
            (least as f64..most as f64).log_scale(),
            0.0..(top * 1.05).min(100.0),
        )?;
    chart
        .configure_mesh()
        .x_desc("entries")
        .y_desc("hits, %")
        .x_label_formatter(&|size| format!("{size:.0}"))
        .y_label_formatter(&|ratio| format!("{ratio:.0}"))
        .light_line_style(WHITE)
        .draw()?;
    for (i, line) in lines.iter().enumerate() {
        let colour = Palette99::pick(i).to_rgba();
        let width = if i == 0 { 3 } else { 1 };
        let points = line.points.iter().map(|(size, ratio)| (*size as f64, *ratio));
        chart
            .draw_series(LineSeries::new(points.clone(), colour.stroke_width(width)))?
            .label(&line.name)
            .legend(move |(x, y)| {
                PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(width))
            });
        chart.draw_series(points.map(|at| Circle::new(at, 2, colour.filled())))?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK.mix(0.3))
        .draw()?;
    root.present()?;
    Ok(())
}
