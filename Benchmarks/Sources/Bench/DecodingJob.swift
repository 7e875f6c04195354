// Decoding on one thread: pictures scaled to a short side, a frame of each video, a clip of each video.

import Media

struct DecodingJob: Job {
  struct Input: Decodable {
    let kind: Kind
    let files: [String]
    /// The short side in pixels after scaling.
    let shortSide: Int
    /// Where in each video the frame is or the clip begins: a share of the duration, and seconds.
    let places: [Double]
    /// The times of a clip's frames after its begin in seconds.
    let times: [Double]
  }

  enum Kind: String, Decodable {
    case pictures, frames, clips
  }

  private let input: Input
  let facts: [String: Double]

  init(_ input: Input) throws {
    self.input = input
    facts = ["files": Double(input.files.count)]
    _ = try run()
  }

  func run() throws -> [String: Double] {
    ["": try seconds { for index in input.files.indices { try decode(index) } }]
  }

  private func decode(_ index: Int) throws {
    let (file, side) = (input.files[index], input.shortSide)
    switch input.kind {
    case .pictures: _ = try Picture(contentsOf: file, shortSide: side)
    case .frames:
      _ = try Video(contentsOf: file).frame(atFraction: input.places[index], shortSide: side)
    case .clips:
      let times = input.times.map { input.places[index] + $0 }
      _ = try Video(contentsOf: file).pictures(shownAt: times, shortSide: side)
    }
  }
}
