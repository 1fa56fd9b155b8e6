# Completes the options of zinoargus in bash.

_zinoargus() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
    COMPREPLY=()
    case $before in
        -c | --config-file)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
            return
            ;;
        --timeout) return ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "
        -c --config-file
        -v --verbose
        --once
        --dry-run
        --timeout
        --check
        --status
        -V --version
        -h --help
    " -- "$word")
}

complete -F _zinoargus zinoargus
