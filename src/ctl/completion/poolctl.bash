# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of poolctl in bash. What fits poolctl itself knows: see src/ctl/complete.h.

_poolctl()
{
    local i word current cut='' command=0
    local -a words=()

    # Readline takes --name=value apart; poolctl wants it whole.
    for ((i = 1; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if ((i > 1)) && [[ $word == = || ${COMP_WORDS[i - 1]} == = ]]; then
            words[-1]+=$word
        else
            words+=("$word")
        fi
        [[ $word == -- ]] && ((command == 0 && i < COMP_CWORD)) && command=$((i + 1))
    done
    current=${words[-1]}
    # It replaces only what is behind the "=", then.
    [[ $current == *=* && $COMP_WORDBREAKS == *=* ]] && cut=${current%%=*}=

    COMPREPLY=()
    while IFS=$'\t' read -r word _; do
        case $word in
        :file)
            compopt -o filenames
            mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "${current#"$cut"}")
            ;;
        :command)
            if ((command > 0)) && declare -F _command_offset >/dev/null; then
                _command_offset "$command"
                return
            fi
            mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -c -- "$current")
            ;;
        *)
            COMPREPLY+=("${word#"$cut"}")
            [[ $word == *= ]] && compopt -o nospace
            ;;
        esac
    done < <("${1/#\~/$HOME}" --complete "${words[@]}" 2>/dev/null)
}

complete -F _poolctl poolctl
