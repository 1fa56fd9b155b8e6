# Completes the options of zinoargus in fish.

complete -c zinoargus -f
complete -c zinoargus -s c -l config-file -r -F -d 'configuration file'
complete -c zinoargus -s v -l verbose -d 'say more; -vv also the protocols'
complete -c zinoargus -l once -d 'synchronise once, both ways, and exit'
complete -c zinoargus -l dry-run -d 'with --once: print what it would write, and write nothing'
complete -c zinoargus -l timeout -x -d 'longest duration of a single run, in seconds'
complete -c zinoargus -l check -d 'try everything, change nothing, and exit'
complete -c zinoargus -l status -d 'ask the running instance how it is, and exit'
complete -c zinoargus -s V -l version -d 'print the version and exit'
complete -c zinoargus -s h -l help -d 'print the help and exit'
