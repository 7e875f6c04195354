#!/bin/sh
# Makes OUT/{right,left,down,up,static}NN.mp4 for `mosi clusters`: 32 videos each of 16 frames, 112 pixels, at 30 frames a
# second, in which a photo moves in that direction by 4, 7, 10 or 13 pixels per frame, or stands still. Needs ffmpeg.
# Usage: scripts/make-pans.sh OUT PHOTO...
set -eu
[ $# -ge 2 ] || { echo "usage: $0 OUT PHOTO..." >&2; exit 2; }
out=$1
shift
mkdir -p "$out"
frames=16
side=112
for direction in right left down up static; do
  number=0
  while [ $number -lt 32 ]; do
    # Use the photos in turn.
    photo=$1
    shift
    set -- "$@" "$photo"
    speed=$((4 + 3 * (number % 4)))
    travel=$((speed * (frames - 1)))
    width=$((side + 40)) height=$((side + 40)) x=20 y=20
    # The content moves against the window.
    case $direction in
      right) width=$((side + travel)) x="$travel-$speed*n" ;;
      left) width=$((side + travel)) x="$speed*n" ;;
      down) height=$((side + travel)) y="$travel-$speed*n" ;;
      up) height=$((side + travel)) y="$speed*n" ;;
    esac
    ffmpeg -v error -y -nostdin -loop 1 -i "$photo" -frames:v $frames -r 30 -pix_fmt yuv420p -crf 16 -vf \
      "scale=$width:$height:force_original_aspect_ratio=increase,crop=$width:$height,crop=$side:$side:$x:$y" \
      "$out/$direction$(printf %02d $number).mp4"
    number=$((number + 1))
  done
done
