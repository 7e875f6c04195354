import Figures
import SafeFiles
import Training

extension Evaluation {
  /// Draws confusion.png and confusion.svg in `folder`.
  ///
  /// - Throws: `FigureError`, `FileError`.
  public func drawConfusion(in folder: String) throws {
    let figure = confusionFigure
    try figure.write(to: "\(folder)/confusion.png")
    try figure.write(to: "\(folder)/confusion.svg")
  }

  /// The confusion matrix, larger for more classes.
  private var confusionFigure: Figure {
    let matrix = ConfusionMatrix(
      title: "top-1 \(Format.percent(top1)), mean class \(Format.percent(meanClassAccuracy))",
      classes: classNames, counts: confusion)
    let size = matrix.preferredSize
    return Figure(panels: [matrix], panelWidth: size.width, panelHeight: size.height)
  }
}
