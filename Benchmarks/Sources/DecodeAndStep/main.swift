// Does decoding keep the training step fed? Clips a second of decoding alone, of the step alone and of both together,
// for fine-tuning R-2D3D-18 on clips of 16 x 112 x 112, in rounds so that a noisy machine touches all three alike.

import Foundation
import KeyedRandom
import MoSI
import Torch
import VideoData
import VideoModels

guard CommandLine.arguments.count >= 2 else {
  print("usage: DecodeAndStep FOLDER-OF-VIDEOS [clips a step, 8] [steps a round, 5] [rounds, 3]")
  exit(2)
}
let folder = CommandLine.arguments[1]
func number(_ place: Int, _ fallback: Int) -> Int {
  CommandLine.arguments.count > place ? Int(CommandLine.arguments[place]) ?? fallback : fallback
}
let (batch, steps, rounds) = (number(2, 8), number(3, 5), number(4, 3))
Runtime.keepFreedMemory()

let footage = try SourceCollection(paths: [folder]).sources.compactMap { source -> Footage? in
  if case .video(let path) = source { .video(path: path) } else { nil }
}
let workers = ProcessInfo.processInfo.activeProcessorCount
let loader = ClipLoader(footage: footage, sampling: ClipSampling(), preset: .paper) {
  print("passed over: \($0.reason)")
}
let model = VideoClassifier(.r2d3d18, head: .actions, classes: 101)
let optimizer = Adam([ParameterGroup(model.parameters, weightDecay: 1e-3)])
let jitter = ColorJitter()

/// Loads `count` clips ahead of the reader.
func clips(_ count: Int, round: Int) -> Prefetcher<ClipPixels> {
  Prefetcher(count: count, workers: workers, ahead: 2 * batch + 2 * workers) { item in
    try loader.trainingClip(of: item % footage.count, key: [UInt64(round), UInt64(item)]).clip
  }
}

func step(_ pixels: [ClipPixels], number: Int) {
  let made = withoutGradients {
    let draws = pixels.indices.map { index in
      var generator = KeyedGenerator(UInt64(number), UInt64(index))
      return jitter.drawClipWise(frames: 16, using: &generator)
    }
    let frames = Tensor.clips(pixels).to(.float32) * (1 / 255)
    return Normalization.video.clips(from: ColorJitter.apply(draws, to: frames))
  }
  optimizer.clearGradients()
  let labels = Tensor(pixels.indices.map { $0 % 101 })
  crossEntropy(model(made), labels).backward()
  optimizer.step(learningRate: 1e-3)
}

func clipsPerSecond(_ count: Int, _ body: () throws -> Void) rethrows -> Double {
  let begun = ContinuousClock.now
  try body()
  return Double(count) / ((ContinuousClock.now - begun) / .seconds(1))
}

func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

let warm = try { let source = clips(batch, round: 0); return try (0..<batch).map { _ in try source.next()! } }()
step(warm, number: 0)
var (decoding, stepping, together) = ([Double](), [Double](), [Double]())
for round in 1...rounds {
  let count = steps * batch
  decoding.append(
    try clipsPerSecond(4 * count) {
      let source = clips(4 * count, round: round)
      for _ in 0..<4 * count { _ = try source.next() }
    })
  stepping.append(clipsPerSecond(count) { for number in 0..<steps { step(warm, number: number) } })
  together.append(
    try clipsPerSecond(count) {
      let source = clips(count, round: rounds + round)
      for number in 0..<steps { step(try (0..<batch).map { _ in try source.next()! }, number: number) }
    })
  print("round \(round): decoding \(decoding.last!), step \(stepping.last!), together \(together.last!)")
}
let shares = zip(together, stepping).map { $0 / $1 }
print(
  "clips/s, medians of \(rounds) rounds: decoding \(median(decoding)), step \(median(stepping)), together "
    + "\(median(together)); together over step \(median(shares))")
