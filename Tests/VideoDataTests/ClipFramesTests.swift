import Foundation
import Media
import TestSupport
import Testing
import VideoData
import VideoSamples

/// Compares the frames of clips with those of the ffmpeg tool, by presentation time.
@Suite(
  .enabled(
    if: shared("data/samples") != nil && program("ffmpeg") != nil && program("ffprobe") != nil,
    "needs the videos of ../shared/data and the tools ffmpeg and ffprobe"))
struct ClipFramesTests {
  @Test(arguments: [
    "test.avi", "test.mp4", "demo.mp4", "v_Biking_g05_c02.avi", "v_Punch_g03_c01.avi",
  ])
  func framesOfClipsAreThoseOfFFmpegByPresentationTime(name: String) throws {
    let path = try #require(shared("data/samples/" + name))
    // The times of all frames, from ffprobe.
    let list = try output(
      of: #require(program("ffprobe")),
      [
        "-v", "error", "-select_streams", "v:0", "-show_entries",
        "frame=best_effort_timestamp_time", "-of", "csv=p=0", path,
      ])
    let starts = String(decoding: list, as: UTF8.self).split(separator: "\n")
      .compactMap { Double($0.prefix { $0 != "," }) }
    // The last frame of an AVI with B-frames has no time: it is one frame after the previous one.
    let frames = try output(
      of: #require(program("ffmpeg")),
      [
        "-v", "error", "-i", path, "-map", "0:v:0", "-vsync", "passthrough", "-vf",
        "scale=in_h_chr_pos=0:flags="
          + "bicubic+accurate_rnd+full_chroma_int+full_chroma_inp+bitexact",
        "-pix_fmt", "rgb24", "-f", "rawvideo", "-",
      ])
    let video = try Video(contentsOf: path)
    let size = video.width * video.height * 3
    try #require(frames.count % size == 0)
    let count = frames.count / size
    try #require(count - starts.count <= 1)
    let rate = video.averageFrameRate
    var times = starts
    if count > times.count { times.append(times[times.count - 1] + 1 / rate) }

    let sampling = ClipSampling()
    var met: Set<Int> = []
    for start in sampling.testStarts(clips: 10, lastFrameTime: video.lastFrameTime) + [0.777] {
      let clip = sampling.times(from: start)
      let pictures = try video.pictures(shownAt: clip, shortSide: nil)
      for (time, picture) in zip(clip, pictures) {
        let index = times.lastIndex { $0 <= time + 1e-3 / rate } ?? 0
        let expected = frames[index * size..<(index + 1) * size]
        #expect(Data(picture.pixels) == expected, "\(name): frame \(index) at \(time) s")
        met.insert(index)
      }
    }
    #expect(met.contains(0) && met.contains(count - 1) && met.count > 60)
  }

  /// Ten clips from one pass over the video equal those of ten passes.
  @Test(arguments: ["test.avi", "test.mp4", "v_Biking_g05_c02.avi"])
  func tenClipsOfOnePassAreThoseReadAlone(name: String) throws {
    let path = try #require(shared("data/samples/" + name))
    let sampling = ClipSampling()
    let clips = try VideoSource.video(path: path).clips(
      TestClips(sampling, preset: .paper, clips: 10))
    let starts = sampling.testStarts(
      clips: 10, lastFrameTime: try Video(contentsOf: path).lastFrameTime)
    for (clip, start) in zip(clips, starts) {
      let frames = try Video(contentsOf: path).pictures(
        shownAt: sampling.times(from: start), shortSide: 112)
      let crop = SpatialPreset.testCrops(
        width: frames[0].width, height: frames[0].height, side: 112, crops: 1)[0]
      #expect(clip == ClipPixels(frames, crop: crop, height: 112, width: 112))
    }
  }

  @Test(arguments: SpatialPreset.allCases)
  func theCacheChangesNoClipOfRealVideos(preset: SpatialPreset) throws {
    let samples = try #require(shared("data/samples")) + "/"
    let footage = ["test.avi", "demo.mp4", "v_Punch_g03_c01.avi"].map {
      VideoSource.video(path: samples + $0)
    }
    let loaders = [0, 1 << 30].map {
      SampleLoader(
        footage, rule: TrainingClips(ClipSampling(), preset: preset).rule, cacheBytes: $0
      ) { Issue.record("\($0.reason)") }
    }
    for item in 0..<9 {
      let clips = try loaders.map {
        try $0.sample(.training(seed: 1, epoch: 0, source: item), of: item % 3).clips[0]
      }
      #expect(clips[0] == clips[1])
    }
  }
}
