import Figures
import Media
import MoSI
import Torch
import VideoModels

extension MaskedClips {
  /// A sheet of clips with heat maps and outlined regions: evenly spaced sources, each with the next label.
  ///
  /// - Throws: ``DivergedNetwork``.
  public func sheet(
    of model: VideoClassifier, by maps: HeatMethod, label: HeatLabel, device: Device, rows: Int = 8
  ) throws -> ContactSheet {
    let count = min(rows, sourceCount * labels.count)
    let motions = task.motion.labels.motions
    let made = try (0..<count).map { row -> ContactSheet.Row in
      let place = row % labels.count
      let clips = clips(ofSource: row * sourceCount / count, on: device)
      let heat = model.heat(
        clips.clips.sliced(0, place..<place + 1), by: maps,
        labels: label == .target ? [labels[place]] : nil)
      let map = try heat.values[0]
      let region = clips.regions[place]
      let score = RegionScore(
        map: map, frames: heat.maps.shape[1], height: heat.maps.shape[2],
        width: heat.maps.shape[3], region: region)
      let pictures = [Picture](frames: clips.frames.selected(0, place))
      let size = map.count / pictures.count
      let motion = motions[labels[place]]
      let guess = motions[heat.logits.argmax(1).array(of: Int.self)[0]]
      return ContactSheet.Row(
        title: motion.displayName,
        subtitle: "\(Int((100 * score.energyInside).rounded()))% inside, chance "
          + "\(Int((100 * score.chance).rounded()))% · seen as \(guess.displayName)",
        motion: Vector(Double(motion.x), Double(motion.y)),
        frames: pictures.enumerated().map { frame, picture in
          HeatMap(
            width: picture.width, height: picture.height,
            values: Array(map[frame * size..<(frame + 1) * size])
          ).picture(over: picture)
        },
        outline: region.corners.map { Point($0.x, $0.y) })
    }
    return ContactSheet(
      title: "Localization of motion: \(maps.description) over unseen clips, "
        + "the moving region outlined",
      note:
        "Labels and arrows show the motion of the window over the picture; the content moves the other way.",
      legend: ColorBar(label: "heat: share of the clip's maximum", range: 0...1), rows: made)
  }
}
