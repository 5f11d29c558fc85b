#!/usr/bin/env bash
# What action.yml runs: one verb, whose arguments come from variables alone.
#
# GitHub signals this process when a job is cancelled, so the runner is waited for and the signal is
# handed on: the call in flight is finished and written down, and the run can be resumed.
set -uo pipefail

refuse() {
  echo "$1" >&2
  exit 64
}

lines() { # the lines of a text that are not empty, into the array `found`
  found=()
  local line
  while IFS= read -r line; do
    line=${line%$'\r'}
    if test -n "$line"; then found+=("$line"); fi
  done <<<"$1"
}

boolean() { # the name of an input and its value
  case $2 in
    true | false | "") ;;
    *) refuse "$1 must be true or false" ;;
  esac
}

boolean offline "${OFFLINE:-}"
boolean strict "${STRICT:-}"
lines "${PATHS:-}"
paths=("${found[@]+"${found[@]}"}")
for path in "${paths[@]+"${paths[@]}"}"; do
  case $path in -*) refuse "a path must not begin with a hyphen" ;; esac
done

place=()
if test -n "${SANDBOX:-}"; then place+=("--sandbox=$SANDBOX"); fi
if test -n "${CONTROLS:-}"; then place+=("--controls=$CONTROLS"); fi
if test -n "${PROFILE:-}"; then place+=("--profile=$PROFILE"); fi

command=(runner)
case ${VERB:-} in
  validate)
    command+=(validate)
    if test -n "${CONTROLS:-}"; then command+=("--controls=$CONTROLS"); fi
    if test "${STRICT:-}" = true; then command+=(--strict); fi
    if test -n "${JUNIT:-}"; then command+=("--junit=$JUNIT"); fi
    if test ${#paths[@]} = 0; then paths=(playbooks/); fi
    ;;
  test)
    command+=(test)
    if test -n "${JUNIT:-}"; then command+=("--junit=$JUNIT"); fi
    ;;
  plan)
    test ${#paths[@]} = 1 || refuse "plan takes one playbook in paths"
    command+=(plan "${place[@]+"${place[@]}"}" "--out=${OUT:=plan.json}")
    if test "${OFFLINE:-}" = true; then command+=(--offline); fi
    lines "${PLAYBOOK_INPUTS:-}"
    for each in "${found[@]+"${found[@]}"}"; do command+=("--input=$each"); done
    ;;
  apply)
    test ${#paths[@]} = 1 || refuse "apply takes one plan file in paths"
    OUT=${paths[0]}
    command+=(apply --yes "${place[@]+"${place[@]}"}" "--max-hold=${MAX_HOLD:-20m}")
    ;;
  resume)
    test ${#paths[@]} -le 1 || refuse "resume takes one run in paths, or none"
    command+=(resume "${place[@]+"${place[@]}"}" "--max-hold=${MAX_HOLD:-20m}")
    if test ${#paths[@]} = 0; then command+=(--due); fi
    ;;
  *) refuse "verb must be validate, test, plan, apply or resume" ;;
esac

child=
heard=
hand_on() {
  heard=yes
  if test -n "$child"; then kill -s "$1" "$child" 2>/dev/null; fi
}
trap 'hand_on INT' INT
trap 'hand_on TERM' TERM

echo "::group::runner $VERB"
# What the runner shows has texts of others in it: between these two lines none is a command. Only
# validate and test write commands, annotations, and guard the rest of what they say by themselves.
token=
if test "$VERB" != validate && test "$VERB" != test; then
  token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  echo "::stop-commands::$token"
fi
# A background job of a script would ignore interrupts; with a job control of its own it hears them.
set -m
"${command[@]}" "${paths[@]+"${paths[@]}"}" </dev/null &
child=$!
set +m
# A signal ends the waiting and not the runner: how it ended is asked for again.
while :; do
  heard=
  wait "$child"
  code=$?
  if test -z "$heard"; then break; fi
done
if test -n "$token"; then
  echo
  echo "::$token::"
fi
echo "::endgroup::"

{
  echo "exit-code=$code"
  if test "$VERB" = plan || test "$VERB" = apply; then
    if test -f "$OUT"; then
      echo "plan=${OUT//[$'\n\r']/}"
      digest=$(head -c 34 "$OUT" | sed -n 's/^{"digest":"sha256:\([0-9a-f]\{16\}\)$/\1/p')
      if test -n "$digest"; then echo "run-id=R-$digest"; fi
    fi
  fi
} >>"${GITHUB_OUTPUT:-/dev/null}"

if test "$VERB" = plan && test -f "$OUT" && test -n "${GITHUB_STEP_SUMMARY:-}"; then
  runner show "$OUT" --format markdown >>"$GITHUB_STEP_SUMMARY"
fi
if test "$code" = 10; then
  echo "::error title=Outcome unknown::A person must resolve this run. Never plan it anew."
elif test "$code" = 12; then
  echo "::warning title=Not final yet::The run was handed back: resume goes on with it."
fi
exit "$code"
