# Completion of keepalived(8) and genhash(1) for bash.

_keepalived() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local name=$previous
    # --option=word comes as three words.
    if [[ $current == = ]]; then
        current=
    elif [[ $previous == = && $COMP_CWORD -ge 2 ]]; then
        name=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    if [[ $COMP_CWORD -eq 1 && $current != -* ]]; then
        COMPREPLY=($(compgen -W 'config ipvsadm realserver doctor' -- "$current"))
        return
    fi
    case ${COMP_WORDS[1]} in
    config | realserver)
        local verbs='check diff print explain'
        [[ ${COMP_WORDS[1]} == realserver ]] && verbs='show apply undo status'
        if [[ $COMP_CWORD -eq 2 ]]; then
            COMPREPLY=($(compgen -W "$verbs" -- "$current"))
        else
            COMPREPLY=($(compgen -f -- "$current"))
        fi
        return
        ;;
    ipvsadm | doctor)
        COMPREPLY=($(compgen -f -- "$current"))
        return
        ;;
    esac
    case $name in
    -f | --use-file | -g | --log-file | -p | --pid | -r | --vrrp_pid | -c | --checkers_pid | -b | --bfd_pid | -A | --snmp-agent-socket)
        COMPREPLY=($(compgen -f -- "$current"))
        return
        ;;
    -S | --log-facility)
        COMPREPLY=($(compgen -W 'local0 local1 local2 local3 local4 local5 local6 local7 user daemon' -- "$current"))
        return
        ;;
    -s | --namespace)
        COMPREPLY=($(compgen -W "$(ip netns list 2>/dev/null | cut -d' ' -f1)" -- "$current"))
        return
        ;;
    --signum)
        COMPREPLY=($(compgen -W 'STOP RELOAD DATA STATS STATS_CLEAR JSON' -- "$current"))
        return
        ;;
    -u | --umask | -i | --config-id)
        return
        ;;
    esac
    if [[ $previous == = ]]; then
        COMPREPLY=($(compgen -f -- "$current"))
        return
    fi
    COMPREPLY=($(compgen -W '
        --use-file --vrrp --check --no_bfd --all --log-console --log-detail --log-facility --log-file --flush-log-file --no-syslog
        --umask --release-vips --dont-release-vrrp --dont-release-ipvs --dont-respawn --dont-fork --dump-conf --pid
        --vrrp_pid --checkers_pid --bfd_pid --genhash --address-monitoring --snmp --snmp-agent-socket --namespace
        --core-dump --core-dump-pattern --all-config --config-id --signum --config-test --ignore-sigint --debug
        --version --help' -- "$current"))
}

_genhash() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    case $previous in
    -P | --protocol)
        COMPREPLY=($(compgen -W '1.0 1.0c 1.1' -- "$current"))
        return
        ;;
    -s | --server | -V | --use-virtualhost)
        COMPREPLY=($(compgen -A hostname -- "$current"))
        return
        ;;
    -u | --url | -p | --port | -m | --fwmark | -t | --timeout)
        return
        ;;
    esac
    COMPREPLY=($(compgen -W '
        --use-ssl --use-sni --server --port --url --use-virtualhost --verbose --fwmark --protocol --timeout --help' -- "$current"))
}

complete -F _keepalived keepalived
complete -F _genhash genhash
