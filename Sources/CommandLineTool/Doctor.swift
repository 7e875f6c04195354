import ArgumentParser
import Figures
import Foundation
import Media
import OpticalFlow
import SafeFiles
import Torch
import Training

struct Doctor: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Prints versions, devices, codecs and the scripts of installed typefaces.")

  @OptionGroup var format: JSONOption

  private struct Findings: Encodable {
    struct GPU: Encodable {
      let device: String
      let freeBytes: Int
      let totalBytes: Int
    }
    let mosi: String
    let libtorch: String
    let cpuCapability: String
    let cores: Int
    let threads: Int
    let memoryBytes: UInt64
    let cudaDevices: [GPU]
    let cudaProblem: String?
    let gradientExchange: [String]
    let ffmpeg: String
    let decoders: [String]
    let missingDecoders: [String]
    let encoders: [String]
    let missingEncoders: [String]
    let opencv: String
    let scripts: [String]
    let missingScripts: [String]
  }

  func run() throws {
    let devices = try (0..<Device.cudaCount).map { index in
      let device = Device.cuda(index)
      let memory = try device.memory() ?? (0, 0, 0)
      return Findings.GPU(
        device: device.description, freeBytes: memory.free, totalBytes: memory.total)
    }
    func names(_ codecs: [(name: String, isAvailable: Bool)], _ isAvailable: Bool) -> [String] {
      codecs.filter { $0.isAvailable == isAvailable }.map(\.name)
    }
    let findings = Findings(
      mosi: Version.text, libtorch: Runtime.version, cpuCapability: Runtime.cpuCapability,
      cores: ProcessInfo.processInfo.activeProcessorCount, threads: Runtime.threads,
      memoryBytes: ProcessInfo.processInfo.physicalMemory, cudaDevices: devices,
      cudaProblem: Device.cudaProblem,
      gradientExchange: ProcessGroup.hasNCCL ? ["gloo", "nccl"] : ["gloo"],
      ffmpeg: MediaCapabilities.ffmpegVersion,
      decoders: names(MediaCapabilities.decoders, true),
      missingDecoders: names(MediaCapabilities.decoders, false),
      encoders: names(MediaCapabilities.encoders, true),
      missingEncoders: names(MediaCapabilities.encoders, false), opencv: OpenCV.version,
      scripts: Script.allCases.filter(\.isCovered).map(\.rawValue),
      missingScripts: Script.allCases.filter { !$0.isCovered }.map(\.rawValue))
    print(format.json ? try JSON.text(findings) : Self.table(findings))
  }

  private static func table(_ findings: Findings) -> String {
    func gigabytes(_ bytes: Double) -> String { Format.number(bytes / Double(1 << 30), 1) + " GiB" }
    var table = TextTable()
    table.add("mosi", findings.mosi)
    table.add("libtorch", "\(findings.libtorch), \(findings.cpuCapability) kernels")
    table.add(
      "processor",
      "\(findings.cores) cores, \(findings.threads) threads per operator, "
        + gigabytes(Double(findings.memoryBytes)))
    if let problem = findings.cudaProblem { table.add("CUDA", "no device: \(problem)") }
    for gpu in findings.cudaDevices {
      table.add(
        gpu.device,
        "\(gigabytes(Double(gpu.freeBytes))) free of \(gigabytes(Double(gpu.totalBytes)))")
    }
    table.add(
      "processes",
      ProcessGroup.hasNCCL
        ? "Gloo between CPUs, NCCL between GPUs"
        : "Gloo between CPUs and between GPUs; NCCL, which is faster, was not compiled in")
    table.add("FFmpeg", findings.ffmpeg)
    table.add("decoders", findings.decoders.joined(separator: " "))
    if !findings.missingDecoders.isEmpty {
      table.add("  missing", findings.missingDecoders.joined(separator: " "))
    }
    table.add("encoders", findings.encoders.joined(separator: " "))
    if !findings.missingEncoders.isEmpty {
      table.add("  missing", findings.missingEncoders.joined(separator: " "))
    }
    table.add("OpenCV", findings.opencv)
    table.add("typefaces", findings.scripts.joined(separator: " "))
    if !findings.missingScripts.isEmpty {
      table.add("  missing", findings.missingScripts.joined(separator: " "))
    }
    return table.text(leftAligned: true)
  }
}
