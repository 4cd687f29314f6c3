#!/bin/sh
# Plants one defect after another and demands that the simulator finds each. A mutant that stays green is
# a hole in the checkers or the workload.  usage: tests/sim/mutants/run.sh [SEEDS [NAME...]]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
seeds=${1:-1000}
[ $# -gt 0 ] && shift
work=${TIDEGATE_MUTANTS_DIR:-$root/build/mutants}
rm -rf "$work/src"
mkdir -p "$work/src"
(cd "$root" && git ls-files -z -- CMakeLists.txt CMakePresets.json core edge tests bench | xargs -0 cp --parents -t "$work/src")
# As deep below its sources as any other build, so that ccache knows what was compiled there.
build=$work/src/build/release
cmake --preset release -S "$work/src" -DTIDEGATE_BENCH=OFF >"$work/cmake.log"
green=0
for patch in "$here"/*.patch; do
  name=$(basename "$patch" .patch)
  if [ $# -gt 0 ]; then
    case " $* " in *" $name "*) ;; *) continue ;; esac
  fi
  if ! patch -d "$work/src" -s --fuzz=0 -p1 <"$patch"; then
    echo "mutant $name: no longer applies; make it anew"
    exit 2
  fi
  if ! ninja -C "$build" tidegate_sim >"$work/$name.log" 2>&1; then
    echo "mutant $name: does not compile; see $work/$name.log"
    exit 2
  fi
  if "$build/tidegate_sim" --seeds "$seeds" --stop-after 1 >"$work/$name.log" 2>&1; then
    echo "mutant $name: GREEN after $seeds seeds"
    green=$((green + 1))
  else
    if ! grep -qE '^sim: seed [0-9]|crashed' "$work/$name.log"; then
      echo "mutant $name: the simulator ended without a seed or a crash; see $work/$name.log"
      exit 2
    fi
    seed=$(sed -n 's/^sim: seed \([0-9]*\).*/\1/p' "$work/$name.log" | sort -n | head -1)
    reason=$(grep -m1 -E '^  I[0-9]|crashed' "$work/$name.log" || true)
    echo "mutant $name: red at seed $seed:$reason"
  fi
  patch -d "$work/src" -s -R -p1 <"$patch"
done
echo "mutants: $green not found"
[ "$green" -eq 0 ]
