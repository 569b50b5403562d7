# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_rsched_global_optspecs
    string join \n v/verbose q/quiet h/help V/version
end

function __fish_rsched_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_rsched_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_rsched_using_subcommand
    set -l cmd (__fish_rsched_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c rsched -n "__fish_rsched_needs_command" -s v -l verbose -d 'Say more'
complete -c rsched -n "__fish_rsched_needs_command" -s q -l quiet -d 'Say only what is wrong'
complete -c rsched -n "__fish_rsched_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rsched -n "__fish_rsched_needs_command" -s V -l version -d 'Print version'
complete -c rsched -n "__fish_rsched_needs_command" -f -a "run" -d 'Run the jobs of a file: the blocking scheduler, in the foreground'
complete -c rsched -n "__fish_rsched_needs_command" -f -a "next" -d 'Show the next fire times of an expression, or of the jobs of files'
complete -c rsched -n "__fish_rsched_needs_command" -f -a "explain" -d 'Explain a schedule in plain English, with its fields and what is odd about it'
complete -c rsched -n "__fish_rsched_needs_command" -f -a "validate" -d 'Check jobs files: every error and warning, nothing is run'
complete -c rsched -n "__fish_rsched_needs_command" -f -a "completions" -d 'Print the completions of a shell'
complete -c rsched -n "__fish_rsched_needs_command" -f -a "man" -d 'Print the man page (roff)'
complete -c rsched -n "__fish_rsched_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c rsched -n "__fish_rsched_using_subcommand run" -l for -d 'Stop after this long, as SIGTERM does' -r
complete -c rsched -n "__fish_rsched_using_subcommand run" -l log-format -d 'How log lines look' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c rsched -n "__fish_rsched_using_subcommand run" -l log-level -d 'The loudness of the log; job output is at info' -r -f -a "error\t''
warn\t''
info\t''
debug\t''"
complete -c rsched -n "__fish_rsched_using_subcommand run" -l store -d 'Where records are kept, instead of what the file says: sqlite, sqlite:PATH or memory' -r
complete -c rsched -n "__fish_rsched_using_subcommand run" -l state-dir -d 'Directory of the lock and the records [default: /var/lib/rsched/NAME as root, else ~/.local/state/rsched/NAME]' -r -f -a "(__fish_complete_directories)"
complete -c rsched -n "__fish_rsched_using_subcommand run" -l name -d 'Name of this scheduler, for its directories [default: from the first file]' -r
complete -c rsched -n "__fish_rsched_using_subcommand run" -l trust-owner -d 'Also trust jobs files of this user' -r
complete -c rsched -n "__fish_rsched_using_subcommand run" -l paused -d 'Start paused: no job is started'
complete -c rsched -n "__fish_rsched_using_subcommand run" -l wait-lock -d 'If another instance holds the lock, stand by and take over when it ends'
complete -c rsched -n "__fish_rsched_using_subcommand run" -s v -l verbose -d 'Say more'
complete -c rsched -n "__fish_rsched_using_subcommand run" -s q -l quiet -d 'Say only what is wrong'
complete -c rsched -n "__fish_rsched_using_subcommand run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rsched -n "__fish_rsched_using_subcommand next" -l job -d 'Only this job of the files (may be given more than once)' -r
complete -c rsched -n "__fish_rsched_using_subcommand next" -s n -l count -d 'How many fire times' -r
complete -c rsched -n "__fish_rsched_using_subcommand next" -l from -d 'Strictly after this time; with --previous, strictly before it' -r
complete -c rsched -n "__fish_rsched_using_subcommand next" -l until -d 'Not later than this time; with --previous, not earlier' -r
complete -c rsched -n "__fish_rsched_using_subcommand next" -l timezone -d 'Zone the expression is read in and times are shown in [default: the machine\'s; for files, each job\'s own]' -r
complete -c rsched -n "__fish_rsched_using_subcommand next" -l dst -d 'What happens to wall-clock times that are skipped or come twice' -r -f -a "once\t'Skipped times fire at the first instant after the gap, repeated ones the first time'
wall\t'Skipped times do not fire, repeated ones fire both times'
skip\t'Skipped times do not fire, repeated ones fire the first time'
cron\t'Vixie cron\'s rule'"
complete -c rsched -n "__fish_rsched_using_subcommand next" -l dialect -d 'The language of the expression' -r -f -a "crontab\t'Five fields, by cron\'s rules'
quartz\t'Six or seven fields: second first, year last, Sunday is 1'"
complete -c rsched -n "__fish_rsched_using_subcommand next" -l job-id -d 'The job\'s id that H and ~ in the expression get their values from' -r
complete -c rsched -n "__fish_rsched_using_subcommand next" -l format -d 'How the answer looks' -r -f -a "table\t'For people'
plain\t'One RFC 3339 time a line, for files after the job\'s id and a tab'
json\t'One JSON array'"
complete -c rsched -n "__fish_rsched_using_subcommand next" -l inclusive -d 'Count a fire exactly at --from too'
complete -c rsched -n "__fish_rsched_using_subcommand next" -l previous -d 'Backwards: the fire times before --from, the newest first'
complete -c rsched -n "__fish_rsched_using_subcommand next" -l each -d 'COUNT fire times of every job, not of all together'
complete -c rsched -n "__fish_rsched_using_subcommand next" -s v -l verbose -d 'Say more'
complete -c rsched -n "__fish_rsched_using_subcommand next" -s q -l quiet -d 'Say only what is wrong'
complete -c rsched -n "__fish_rsched_using_subcommand next" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rsched -n "__fish_rsched_using_subcommand explain" -l job -d 'The job of the files [default: the only one]' -r
complete -c rsched -n "__fish_rsched_using_subcommand explain" -l timezone -d 'Zone the expression is read in and times are shown in [default: the machine\'s; for files, each job\'s own]' -r
complete -c rsched -n "__fish_rsched_using_subcommand explain" -l dst -d 'What happens to wall-clock times that are skipped or come twice' -r -f -a "once\t'Skipped times fire at the first instant after the gap, repeated ones the first time'
wall\t'Skipped times do not fire, repeated ones fire both times'
skip\t'Skipped times do not fire, repeated ones fire the first time'
cron\t'Vixie cron\'s rule'"
complete -c rsched -n "__fish_rsched_using_subcommand explain" -l dialect -d 'The language of the expression' -r -f -a "crontab\t'Five fields, by cron\'s rules'
quartz\t'Six or seven fields: second first, year last, Sunday is 1'"
complete -c rsched -n "__fish_rsched_using_subcommand explain" -l job-id -d 'The job\'s id that H and ~ in the expression get their values from' -r
complete -c rsched -n "__fish_rsched_using_subcommand explain" -l format -d 'How the answer looks' -r -f -a "text\t'For people'
json\t'One JSON object'"
complete -c rsched -n "__fish_rsched_using_subcommand explain" -s v -l verbose -d 'Say more'
complete -c rsched -n "__fish_rsched_using_subcommand explain" -s q -l quiet -d 'Say only what is wrong'
complete -c rsched -n "__fish_rsched_using_subcommand explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rsched -n "__fish_rsched_using_subcommand validate" -l format -d 'How problems look' -r -f -a "human\t'With the text underlined'
short\t'One line each, as compilers write them'
json\t'One JSON array'"
complete -c rsched -n "__fish_rsched_using_subcommand validate" -s v -l verbose -d 'Say more'
complete -c rsched -n "__fish_rsched_using_subcommand validate" -s q -l quiet -d 'Say only what is wrong'
complete -c rsched -n "__fish_rsched_using_subcommand validate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rsched -n "__fish_rsched_using_subcommand completions" -s v -l verbose -d 'Say more'
complete -c rsched -n "__fish_rsched_using_subcommand completions" -s q -l quiet -d 'Say only what is wrong'
complete -c rsched -n "__fish_rsched_using_subcommand completions" -s h -l help -d 'Print help'
complete -c rsched -n "__fish_rsched_using_subcommand man" -s v -l verbose -d 'Say more'
complete -c rsched -n "__fish_rsched_using_subcommand man" -s q -l quiet -d 'Say only what is wrong'
complete -c rsched -n "__fish_rsched_using_subcommand man" -s h -l help -d 'Print help'
complete -c rsched -n "__fish_rsched_using_subcommand help; and not __fish_seen_subcommand_from run next explain validate completions man help" -f -a "run" -d 'Run the jobs of a file: the blocking scheduler, in the foreground'
complete -c rsched -n "__fish_rsched_using_subcommand help; and not __fish_seen_subcommand_from run next explain validate completions man help" -f -a "next" -d 'Show the next fire times of an expression, or of the jobs of files'
complete -c rsched -n "__fish_rsched_using_subcommand help; and not __fish_seen_subcommand_from run next explain validate completions man help" -f -a "explain" -d 'Explain a schedule in plain English, with its fields and what is odd about it'
complete -c rsched -n "__fish_rsched_using_subcommand help; and not __fish_seen_subcommand_from run next explain validate completions man help" -f -a "validate" -d 'Check jobs files: every error and warning, nothing is run'
complete -c rsched -n "__fish_rsched_using_subcommand help; and not __fish_seen_subcommand_from run next explain validate completions man help" -f -a "completions" -d 'Print the completions of a shell'
complete -c rsched -n "__fish_rsched_using_subcommand help; and not __fish_seen_subcommand_from run next explain validate completions man help" -f -a "man" -d 'Print the man page (roff)'
complete -c rsched -n "__fish_rsched_using_subcommand help; and not __fish_seen_subcommand_from run next explain validate completions man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
