# Completion for bash (and for zsh by bashcompinit).  Commands, options and the words of an option are read from --help,
# so that this file never has to change with them.
_entente_commands() { entente --help 2>/dev/null | sed -n 's/^  \([a-z][a-z]*\)  *[a-z].*/\1/p' | sort -u; }
_entente_options() { entente "$@" --help 2>/dev/null | grep -oE -- '--[a-z][a-z-]+=?' | sort -u; }

_entente() {
    local current=${COMP_WORDS[COMP_CWORD]} command=("${COMP_WORDS[1]}")
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_entente_commands) --help --version" -- "$current")
        return
    fi
    if [ "${command[0]}" = import ]; then
        if [ "$COMP_CWORD" -eq 2 ]; then
            mapfile -t COMPREPLY < <(compgen -W "csd digits table" -- "$current")
            return
        fi
        command+=("${COMP_WORDS[2]}")
    fi
    case "$current" in
    -*) mapfile -t COMPREPLY < <(compgen -W "$(_entente_options "${command[@]}")" -- "$current")
        [[ "${COMPREPLY[0]:-}" != *= ]] || compopt -o nospace ;;
    *) mapfile -t COMPREPLY < <(compgen -f -- "$current")
       compopt -o filenames ;;
    esac
}
complete -F _entente entente
