import Figures
import Foundation
import KeyedRandom
import Media
import Torch
import VideoData

/// Some training clips of a fine-tuning as the network sees them, drawn for a person.
struct ClipPreview {
  let sheet: ContactSheet

  /// - Throws: `NoUsableFootage`.
  init(_ loader: ClipLoader, _ videos: TrainingVideos, _ clips: ActionClips, seed: UInt64) throws {
    let count = min(8, videos.training.count)
    // Spread over the list, which goes by class.
    let rows = try (0..<count).map { row -> ContactSheet.Row in
      let key = [seed, DrawPurpose.preview.rawValue, UInt64(row)]
      let (clip, index) = try loader.trainingClip(
        of: row * videos.training.count / count, key: key)
      let generator = KeyedGenerator(key: key + [3])
      let frames = withoutGradients {
        (clips.jittered([clip], [generator], .cpu).selected(0, 0) * 255).round().to(.uint8)
          .permuted([0, 2, 3, 1]).contiguous()
      }
      // A dozen tell what there is to see.
      let shown = min(clip.frames, 12)
      return ContactSheet.Row(
        title: videos.classNames[videos.training[index].label],
        subtitle: (videos.training[index].name as NSString).lastPathComponent, motion: nil,
        frames: (0..<shown).map {
          Picture(
            width: clip.width, height: clip.height,
            pixels: frames.selected(0, $0 * clip.frames / shown).array())
        }, outline: nil)
    }
    sheet = ContactSheet(title: "What the network is fine-tuned on", rows: rows)
  }
}
