"""Completions for bash: one file that knows all programs, and one of each name that loads it."""

from __future__ import annotations

from collections.abc import Callable
from shlex import quote

from scripts.generate import completions
from scripts.generate.manual import Manual

FOLDER = "share/bash-completion/completions"
COMMON = "_supervise-tools"
LOADER = f'. "${{BASH_SOURCE[0]%/*}}/{COMMON}"\n'

TABLES = """\
# Completions of supervise-tools for bash, made from the manuals of the programs.

# All options; the letters and the words that take a value; the kinds of values that something is
# offered for; the kinds of operands, the last with a star where it may come again.
declare -gA _supervise_options=({options})
declare -gA _supervise_letters=({letters})
declare -gA _supervise_words=({words})
declare -gA _supervise_values=({values})
declare -gA _supervise_operands=({operands})
_supervise_places=({places})
"""

FUNCTIONS = r"""
_supervise_tools() {
    local name=${1##*/} current=$2 line=$COMP_LINE at=1 index here=0 part option letters kind ended=
    local -a words=() begins=() kinds=()
    COMPREPLY=()

    # COMP_WORDS are split at «:», «@» and the like; put together what no blank parts.
    for ((index = 0; index < ${#COMP_WORDS[@]}; index++)); do
        part=${COMP_WORDS[index]}
        if ((index == 0)) || [[ $line == [[:blank:]]* || -z $part ]]; then
            words+=("$part") begins+=("$index")
        else
            words[-1]+=$part
        fi
        line=${line#"${line%%[![:blank:]]*}"}
        line=${line#"$part"}
        ((index == COMP_CWORD)) && here=$((${#words[@]} - 1))
    done

    # Pass the options and their values, as the program itself will.
    while ((at < here)) && [[ ${words[at]} == -?* ]]; do
        part=${words[at]}
        at=$((at + 1))
        if ! _supervise_known "$part"; then
            ended=yes
            break
        fi
        if option=$(_supervise_wants_value "$part"); then
            if ((at == here)); then
                _supervise_offer "${_supervise_values[$name$option]-}"
                return
            fi
            at=$((at + 1))
        fi
    done

    part=${words[here]%%=*}
    if ((at == here)) && [[ ! $ended && ${words[here]} == --*=* ]]; then
        _supervise_offer "${_supervise_values[$name$part]-}"
        return
    fi
    if ((at == here)) && [[ ! $ended && $current == -* ]]; then
        letters=${_supervise_options[$name]-}
        ((here == 1)) && letters+=" --help --version"
        mapfile -t COMPREPLY < <(compgen -W "$letters" -- "$current")
        return
    fi
    read -ra kinds <<<"${_supervise_operands[$name]-}"
    for kind in "${kinds[@]}"; do
        case $kind in
        command)
            _supervise_command "${begins[at]}"
            return
            ;;
        *\*) at=$here ;;
        esac
        if ((at == here)); then
            _supervise_offer "${kind%\*}"
            return
        fi
        at=$((at + 1))
    done
}

# Whether a word is one of the options, or more of their letters; any other --word ends them.
_supervise_known() {
    [[ $1 != --* || " ${_supervise_options[$name]-} " == *" ${1%%=*} "* ]]
}

# Tell which option has its value in the word after this one: the first letter that takes one, where
# it is the last.
_supervise_wants_value() {
    local letters=${1#-} valued=${_supervise_letters[$name]-}
    if [[ $1 == --* ]]; then
        [[ " ${_supervise_words[$name]-} " == *" $1 "* ]] && echo "$1"
        return
    fi
    while [[ $letters ]]; do
        if [[ $valued == *"${letters:0:1}"* ]]; then
            [[ ${#letters} == 1 ]] && echo "-$letters"
            return
        fi
        letters=${letters:1}
    done
    return 1
}

# Offer the command that begins at that word, or what may come after it.
_supervise_command() {
    if declare -F _comp_command_offset >/dev/null; then
        _comp_command_offset "$1"
    elif declare -F _command_offset >/dev/null; then
        _command_offset "$1"
    elif ((COMP_CWORD == $1)); then
        mapfile -t COMPREPLY < <(compgen -c -- "$current")
    else
        _supervise_offer file
    fi
}

# Offer what is of that kind.
_supervise_offer() {
    local place path
    case $1 in
    account) mapfile -t COMPREPLY < <(compgen -u -- "$current") ;;
    host) mapfile -t COMPREPLY < <(compgen -A hostname -- "$current") ;;
    port) mapfile -t COMPREPLY < <(compgen -A service -- "$current") ;;
    file | directory | service) compopt -o filenames 2>/dev/null ;;&
    file) mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    directory) mapfile -t COMPREPLY < <(compgen -d -- "$current") ;;
    service)
        [[ $current ]] && mapfile -t COMPREPLY < <(compgen -d -- "$current")
        for place in "${_supervise_places[@]}"; do
            while read -r path; do
                [[ $path == "$current"* && ${path##*/} != .* ]] && COMPREPLY+=("$path")
            done < <(compgen -d -- "$place/")
        done
        ;;
    esac
}

complete -F _supervise_tools {names}
"""


def files(manuals: list[Manual]) -> dict[str, str]:
    loaders = {f"{FOLDER}/{manual.name}": LOADER for manual in manuals}
    return {f"{FOLDER}/{COMMON}": common(manuals), **loaders}


def common(manuals: list[Manual]) -> str:
    tables = TABLES.format(
        options=table(manuals, lambda manual: " ".join(option.name for option in manual.options)),
        letters=table(manuals, completions.valued_letters),
        words=table(manuals, valued_words),
        values=entries(values(manuals)),
        operands=table(manuals, operands),
        places=" ".join(quote(place) for place in completions.PLACES),
    )
    names = " ".join(quote(manual.name) for manual in manuals)
    return tables + FUNCTIONS.replace("{names}", names)


def table(manuals: list[Manual], column: Callable[[Manual], str]) -> str:
    return entries({manual.name: column(manual) for manual in manuals})


def entries(texts: dict[str, str]) -> str:
    lines = [f"    [{quote(key)}]={quote(text)}\n" for key, text in texts.items() if text]
    return "".join(["\n", *lines])


def valued_words(manual: Manual) -> str:
    return " ".join(
        option.name for option in manual.options if option.value and completions.is_long(option)
    )


def values(manuals: list[Manual]) -> dict[str, str]:
    return {
        f"{manual.name}{option.name}": kind
        for manual in manuals
        for option in manual.options
        if (kind := completions.kind_of(manual.name, option.value)) != completions.ANYTHING
    }


def operands(manual: Manual) -> str:
    kinds, repeated = completions.operands(manual)
    return " ".join(kinds) + "*" * repeated
