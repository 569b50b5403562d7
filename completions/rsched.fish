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
complete -c rsched -n "__fish_rsched_needs_command" -f -a "exec" -d 'Run one job now, in the foreground, exactly as the scheduler would, and exit with its exit code'
complete -c rsched -n "__fish_rsched_needs_command" -f -a "list" -d 'List the jobs, with their next fire and their last outcome'
complete -c rsched -n "__fish_rsched_needs_command" -f -a "status" -d 'Show how the running scheduler is; an unhealthy one is exit code 1'
complete -c rsched -n "__fish_rsched_needs_command" -f -a "show" -d 'Show all there is to know of one job or one run'
complete -c rsched -n "__fish_rsched_needs_command" -f -a "history" -d 'Show what ran, and what did not run'
complete -c rsched -n "__fish_rsched_needs_command" -f -a "logs" -d 'Print what a run printed, as far as it is kept'
complete -c rsched -n "__fish_rsched_needs_command" -f -a "why" -d 'Explain why a job ran, or did not run, at some time'
complete -c rsched -n "__fish_rsched_needs_command" -f -a "store" -d 'Look after the records'
complete -c rsched -n "__fish_rsched_needs_command" -f -a "trigger" -d 'Run a job now, whatever its schedule says'
complete -c rsched -n "__fish_rsched_needs_command" -f -a "pause" -d 'Pause jobs, whose fires then do not exist, or the scheduler, whose fires wait'
complete -c rsched -n "__fish_rsched_needs_command" -f -a "resume" -d 'Resume jobs that were paused, or the scheduler'
complete -c rsched -n "__fish_rsched_needs_command" -f -a "add" -d 'Add a job to the running scheduler'
complete -c rsched -n "__fish_rsched_needs_command" -f -a "modify" -d 'Change keys of a job that was added'
complete -c rsched -n "__fish_rsched_needs_command" -f -a "reschedule" -d 'Give a job that was added another trigger'
complete -c rsched -n "__fish_rsched_needs_command" -f -a "remove" -d 'Remove jobs that were added; what runs of them runs to its end'
complete -c rsched -n "__fish_rsched_needs_command" -f -a "kill" -d 'Stop a run, or all runs of a job: SIGTERM, and SIGKILL some time after'
complete -c rsched -n "__fish_rsched_needs_command" -f -a "events" -d 'Show what happened, and with -f what happens'
complete -c rsched -n "__fish_rsched_needs_command" -f -a "reload" -d 'Have the running scheduler read its jobs files again'
complete -c rsched -n "__fish_rsched_needs_command" -f -a "shutdown" -d 'Stop the running scheduler'
complete -c rsched -n "__fish_rsched_needs_command" -f -a "import" -d 'Print a jobs file that does what another scheduler\'s file does'
complete -c rsched -n "__fish_rsched_needs_command" -f -a "completions" -d 'Print the completions of a shell'
complete -c rsched -n "__fish_rsched_needs_command" -f -a "man" -d 'Print the man page (roff)'
complete -c rsched -n "__fish_rsched_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c rsched -n "__fish_rsched_using_subcommand run" -l file-format -d 'What the files are written in [default: *.toml is TOML, any other name a crontab]' -r -f -a "toml\t'A jobs file'
crontab\t'crontab(5)'"
complete -c rsched -n "__fish_rsched_using_subcommand run" -l for -d 'Stop after this long, as SIGTERM does' -r
complete -c rsched -n "__fish_rsched_using_subcommand run" -l log-format -d 'How log lines look [default: journal where standard error is systemd\'s journal, else text]' -r -f -a "text\t'For people'
json\t'One JSON object a line'
journal\t'Fields for systemd\'s journal'"
complete -c rsched -n "__fish_rsched_using_subcommand run" -l log-file -d 'Append the log to this file instead of standard error; one that was renamed, as logrotate does, is begun anew' -r -F
complete -c rsched -n "__fish_rsched_using_subcommand run" -l log-level -d 'The loudness of the log; job output is at info' -r -f -a "error\t''
warn\t''
info\t''
debug\t''"
complete -c rsched -n "__fish_rsched_using_subcommand run" -l store -d 'Where records are kept, instead of what the file says: sqlite, sqlite:PATH or memory' -r
complete -c rsched -n "__fish_rsched_using_subcommand run" -l state-dir -d 'Directory of lock, records and control socket [default: /var/lib/rsched/NAME as root, else ~/.local/state/rsched/NAME]' -r -f -a "(__fish_complete_directories)"
complete -c rsched -n "__fish_rsched_using_subcommand run" -l name -d 'Name of this scheduler, for its directories [default: from the first file]' -r
complete -c rsched -n "__fish_rsched_using_subcommand run" -l sendmail -d 'Program that mails of output are handed to, or off [default: /usr/sbin/sendmail or /usr/lib/sendmail, where there is one]' -r -F
complete -c rsched -n "__fish_rsched_using_subcommand run" -l trust-owner -d 'Also trust jobs files of this user' -r
complete -c rsched -n "__fish_rsched_using_subcommand run" -l system -d 'The files are system crontabs, with a user before each command [default: /etc/crontab and what is in /etc/cron.d]'
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
complete -c rsched -n "__fish_rsched_using_subcommand next" -l file-format -d 'What the files are written in [default: *.toml is TOML, any other name a crontab]' -r -f -a "toml\t'A jobs file'
crontab\t'crontab(5)'"
complete -c rsched -n "__fish_rsched_using_subcommand next" -l format -d 'How the answer looks' -r -f -a "table\t'For people'
plain\t'One RFC 3339 time a line, for files after the job\'s id and a tab'
json\t'One JSON array'"
complete -c rsched -n "__fish_rsched_using_subcommand next" -l system -d 'The files are system crontabs, with a user before each command [default: /etc/crontab and what is in /etc/cron.d]'
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
complete -c rsched -n "__fish_rsched_using_subcommand explain" -l file-format -d 'What the files are written in [default: *.toml is TOML, any other name a crontab]' -r -f -a "toml\t'A jobs file'
crontab\t'crontab(5)'"
complete -c rsched -n "__fish_rsched_using_subcommand explain" -l format -d 'How the answer looks' -r -f -a "text\t'For people'
json\t'One JSON object'"
complete -c rsched -n "__fish_rsched_using_subcommand explain" -l system -d 'The files are system crontabs, with a user before each command [default: /etc/crontab and what is in /etc/cron.d]'
complete -c rsched -n "__fish_rsched_using_subcommand explain" -s v -l verbose -d 'Say more'
complete -c rsched -n "__fish_rsched_using_subcommand explain" -s q -l quiet -d 'Say only what is wrong'
complete -c rsched -n "__fish_rsched_using_subcommand explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rsched -n "__fish_rsched_using_subcommand validate" -l file-format -d 'What the files are written in [default: *.toml is TOML, any other name a crontab]' -r -f -a "toml\t'A jobs file'
crontab\t'crontab(5)'"
complete -c rsched -n "__fish_rsched_using_subcommand validate" -l format -d 'How problems look' -r -f -a "human\t'With the text underlined'
short\t'One line each, as compilers write them'
json\t'One JSON array'"
complete -c rsched -n "__fish_rsched_using_subcommand validate" -l system -d 'The files are system crontabs, with a user before each command [default: /etc/crontab and what is in /etc/cron.d]'
complete -c rsched -n "__fish_rsched_using_subcommand validate" -s v -l verbose -d 'Say more'
complete -c rsched -n "__fish_rsched_using_subcommand validate" -s q -l quiet -d 'Say only what is wrong'
complete -c rsched -n "__fish_rsched_using_subcommand validate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rsched -n "__fish_rsched_using_subcommand exec" -l file-format -d 'What the files are written in [default: *.toml is TOML, any other name a crontab]' -r -f -a "toml\t'A jobs file'
crontab\t'crontab(5)'"
complete -c rsched -n "__fish_rsched_using_subcommand exec" -l trust-owner -d 'Also trust jobs files of this user' -r
complete -c rsched -n "__fish_rsched_using_subcommand exec" -l state-dir -d 'The --state-dir of their scheduler' -r -f -a "(__fish_complete_directories)"
complete -c rsched -n "__fish_rsched_using_subcommand exec" -l name -d 'The --name of their scheduler' -r
complete -c rsched -n "__fish_rsched_using_subcommand exec" -l store -d 'The --store of their scheduler: sqlite or sqlite:PATH' -r
complete -c rsched -n "__fish_rsched_using_subcommand exec" -l explain -d 'Run nothing: show how the job\'s surroundings differ from those here'
complete -c rsched -n "__fish_rsched_using_subcommand exec" -l system -d 'The files are system crontabs, with a user before each command [default: /etc/crontab and what is in /etc/cron.d]'
complete -c rsched -n "__fish_rsched_using_subcommand exec" -s v -l verbose -d 'Say more'
complete -c rsched -n "__fish_rsched_using_subcommand exec" -s q -l quiet -d 'Say only what is wrong'
complete -c rsched -n "__fish_rsched_using_subcommand exec" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rsched -n "__fish_rsched_using_subcommand list" -l state -d 'Only jobs in this state' -r -f -a "scheduled\t''
paused\t''
running\t''
finished\t''
disabled\t''"
complete -c rsched -n "__fish_rsched_using_subcommand list" -l tag -d 'Only jobs with this tag' -r
complete -c rsched -n "__fish_rsched_using_subcommand list" -l format -d 'How the answer looks' -r -f -a "table\t'For people'
json\t'JSON'"
complete -c rsched -n "__fish_rsched_using_subcommand list" -l socket -d 'Its control socket' -r -F
complete -c rsched -n "__fish_rsched_using_subcommand list" -s f -l file -d 'The one that runs this jobs file' -r -F
complete -c rsched -n "__fish_rsched_using_subcommand list" -l state-dir -d 'The one that was started with this --state-dir' -r -f -a "(__fish_complete_directories)"
complete -c rsched -n "__fish_rsched_using_subcommand list" -l name -d 'The one that was started with this --name' -r
complete -c rsched -n "__fish_rsched_using_subcommand list" -s v -l verbose -d 'Say more'
complete -c rsched -n "__fish_rsched_using_subcommand list" -s q -l quiet -d 'Say only what is wrong'
complete -c rsched -n "__fish_rsched_using_subcommand list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rsched -n "__fish_rsched_using_subcommand status" -l format -d 'How the answer looks' -r -f -a "table\t'For people'
json\t'JSON'"
complete -c rsched -n "__fish_rsched_using_subcommand status" -l socket -d 'Its control socket' -r -F
complete -c rsched -n "__fish_rsched_using_subcommand status" -s f -l file -d 'The one that runs this jobs file' -r -F
complete -c rsched -n "__fish_rsched_using_subcommand status" -l state-dir -d 'The one that was started with this --state-dir' -r -f -a "(__fish_complete_directories)"
complete -c rsched -n "__fish_rsched_using_subcommand status" -l name -d 'The one that was started with this --name' -r
complete -c rsched -n "__fish_rsched_using_subcommand status" -s v -l verbose -d 'Say more'
complete -c rsched -n "__fish_rsched_using_subcommand status" -s q -l quiet -d 'Say only what is wrong'
complete -c rsched -n "__fish_rsched_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rsched -n "__fish_rsched_using_subcommand show" -l format -d 'How the answer looks' -r -f -a "table\t'For people'
json\t'JSON'"
complete -c rsched -n "__fish_rsched_using_subcommand show" -l socket -d 'Its control socket' -r -F
complete -c rsched -n "__fish_rsched_using_subcommand show" -s f -l file -d 'The one that runs this jobs file' -r -F
complete -c rsched -n "__fish_rsched_using_subcommand show" -l state-dir -d 'The one that was started with this --state-dir' -r -f -a "(__fish_complete_directories)"
complete -c rsched -n "__fish_rsched_using_subcommand show" -l name -d 'The one that was started with this --name' -r
complete -c rsched -n "__fish_rsched_using_subcommand show" -s v -l verbose -d 'Say more'
complete -c rsched -n "__fish_rsched_using_subcommand show" -s q -l quiet -d 'Say only what is wrong'
complete -c rsched -n "__fish_rsched_using_subcommand show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rsched -n "__fish_rsched_using_subcommand history" -l since -d 'Only fires from this time on' -r
complete -c rsched -n "__fish_rsched_using_subcommand history" -l until -d 'Only fires up to this time' -r
complete -c rsched -n "__fish_rsched_using_subcommand history" -l outcome -d 'Only what ended so (several with commas between them)' -r -f -a "succeeded\t''
failed\t''
timed_out\t''
killed\t''
spawn_failed\t''
lost\t''
missed\t''
coalesced\t''
skipped\t''"
complete -c rsched -n "__fish_rsched_using_subcommand history" -s n -l count -d 'The newest, so many at most' -r
complete -c rsched -n "__fish_rsched_using_subcommand history" -l format -d 'How the answer looks' -r -f -a "table\t'For people'
json\t'JSON'"
complete -c rsched -n "__fish_rsched_using_subcommand history" -s f -l file -d 'The jobs file of their scheduler (may be given more than once, as to run)' -r -F
complete -c rsched -n "__fish_rsched_using_subcommand history" -l socket -d 'The control socket of their scheduler, if it runs' -r -F
complete -c rsched -n "__fish_rsched_using_subcommand history" -l state-dir -d 'The --state-dir of their scheduler' -r -f -a "(__fish_complete_directories)"
complete -c rsched -n "__fish_rsched_using_subcommand history" -l name -d 'The --name of their scheduler' -r
complete -c rsched -n "__fish_rsched_using_subcommand history" -l store -d 'The --store of their scheduler: sqlite or sqlite:PATH' -r
complete -c rsched -n "__fish_rsched_using_subcommand history" -s v -l verbose -d 'Say more'
complete -c rsched -n "__fish_rsched_using_subcommand history" -s q -l quiet -d 'Say only what is wrong'
complete -c rsched -n "__fish_rsched_using_subcommand history" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rsched -n "__fish_rsched_using_subcommand logs" -l run -d 'This run of it: its id, or how that begins' -r
complete -c rsched -n "__fish_rsched_using_subcommand logs" -l file -d 'The jobs file of their scheduler (may be given more than once, as to run)' -r -F
complete -c rsched -n "__fish_rsched_using_subcommand logs" -l socket -d 'The control socket of their scheduler, if it runs' -r -F
complete -c rsched -n "__fish_rsched_using_subcommand logs" -l state-dir -d 'The --state-dir of their scheduler' -r -f -a "(__fish_complete_directories)"
complete -c rsched -n "__fish_rsched_using_subcommand logs" -l name -d 'The --name of their scheduler' -r
complete -c rsched -n "__fish_rsched_using_subcommand logs" -l store -d 'The --store of their scheduler: sqlite or sqlite:PATH' -r
complete -c rsched -n "__fish_rsched_using_subcommand logs" -s f -l follow -d 'Print what a running scheduler\'s run prints, as it comes, and then that of the runs after it; with --run, of that one to its end'
complete -c rsched -n "__fish_rsched_using_subcommand logs" -s v -l verbose -d 'Say more'
complete -c rsched -n "__fish_rsched_using_subcommand logs" -s q -l quiet -d 'Say only what is wrong'
complete -c rsched -n "__fish_rsched_using_subcommand logs" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rsched -n "__fish_rsched_using_subcommand why" -l at -d 'When it should have run [default: the last time it was due]' -r
complete -c rsched -n "__fish_rsched_using_subcommand why" -l format -d 'How the answer looks' -r -f -a "table\t'For people'
json\t'JSON'"
complete -c rsched -n "__fish_rsched_using_subcommand why" -s f -l file -d 'The jobs file of their scheduler (may be given more than once, as to run)' -r -F
complete -c rsched -n "__fish_rsched_using_subcommand why" -l socket -d 'The control socket of their scheduler, if it runs' -r -F
complete -c rsched -n "__fish_rsched_using_subcommand why" -l state-dir -d 'The --state-dir of their scheduler' -r -f -a "(__fish_complete_directories)"
complete -c rsched -n "__fish_rsched_using_subcommand why" -l name -d 'The --name of their scheduler' -r
complete -c rsched -n "__fish_rsched_using_subcommand why" -l store -d 'The --store of their scheduler: sqlite or sqlite:PATH' -r
complete -c rsched -n "__fish_rsched_using_subcommand why" -s v -l verbose -d 'Say more'
complete -c rsched -n "__fish_rsched_using_subcommand why" -s q -l quiet -d 'Say only what is wrong'
complete -c rsched -n "__fish_rsched_using_subcommand why" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rsched -n "__fish_rsched_using_subcommand store; and not __fish_seen_subcommand_from check recover help" -s v -l verbose -d 'Say more'
complete -c rsched -n "__fish_rsched_using_subcommand store; and not __fish_seen_subcommand_from check recover help" -s q -l quiet -d 'Say only what is wrong'
complete -c rsched -n "__fish_rsched_using_subcommand store; and not __fish_seen_subcommand_from check recover help" -s h -l help -d 'Print help'
complete -c rsched -n "__fish_rsched_using_subcommand store; and not __fish_seen_subcommand_from check recover help" -f -a "check" -d 'Look whether the records are whole: every page, and every row with its checksum; not being so is exit code 1'
complete -c rsched -n "__fish_rsched_using_subcommand store; and not __fish_seen_subcommand_from check recover help" -f -a "recover" -d 'Save what can be read of damaged records into a new file'
complete -c rsched -n "__fish_rsched_using_subcommand store; and not __fish_seen_subcommand_from check recover help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c rsched -n "__fish_rsched_using_subcommand store; and __fish_seen_subcommand_from check" -s f -l file -d 'The jobs file of their scheduler (may be given more than once, as to run)' -r -F
complete -c rsched -n "__fish_rsched_using_subcommand store; and __fish_seen_subcommand_from check" -l socket -d 'The control socket of their scheduler, if it runs' -r -F
complete -c rsched -n "__fish_rsched_using_subcommand store; and __fish_seen_subcommand_from check" -l state-dir -d 'The --state-dir of their scheduler' -r -f -a "(__fish_complete_directories)"
complete -c rsched -n "__fish_rsched_using_subcommand store; and __fish_seen_subcommand_from check" -l name -d 'The --name of their scheduler' -r
complete -c rsched -n "__fish_rsched_using_subcommand store; and __fish_seen_subcommand_from check" -l store -d 'The --store of their scheduler: sqlite or sqlite:PATH' -r
complete -c rsched -n "__fish_rsched_using_subcommand store; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Say more'
complete -c rsched -n "__fish_rsched_using_subcommand store; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Say only what is wrong'
complete -c rsched -n "__fish_rsched_using_subcommand store; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rsched -n "__fish_rsched_using_subcommand store; and __fish_seen_subcommand_from recover" -s f -l file -d 'The jobs file of their scheduler (may be given more than once, as to run)' -r -F
complete -c rsched -n "__fish_rsched_using_subcommand store; and __fish_seen_subcommand_from recover" -l socket -d 'The control socket of their scheduler, if it runs' -r -F
complete -c rsched -n "__fish_rsched_using_subcommand store; and __fish_seen_subcommand_from recover" -l state-dir -d 'The --state-dir of their scheduler' -r -f -a "(__fish_complete_directories)"
complete -c rsched -n "__fish_rsched_using_subcommand store; and __fish_seen_subcommand_from recover" -l name -d 'The --name of their scheduler' -r
complete -c rsched -n "__fish_rsched_using_subcommand store; and __fish_seen_subcommand_from recover" -l store -d 'The --store of their scheduler: sqlite or sqlite:PATH' -r
complete -c rsched -n "__fish_rsched_using_subcommand store; and __fish_seen_subcommand_from recover" -s v -l verbose -d 'Say more'
complete -c rsched -n "__fish_rsched_using_subcommand store; and __fish_seen_subcommand_from recover" -s q -l quiet -d 'Say only what is wrong'
complete -c rsched -n "__fish_rsched_using_subcommand store; and __fish_seen_subcommand_from recover" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rsched -n "__fish_rsched_using_subcommand store; and __fish_seen_subcommand_from help" -f -a "check" -d 'Look whether the records are whole: every page, and every row with its checksum; not being so is exit code 1'
complete -c rsched -n "__fish_rsched_using_subcommand store; and __fish_seen_subcommand_from help" -f -a "recover" -d 'Save what can be read of damaged records into a new file'
complete -c rsched -n "__fish_rsched_using_subcommand store; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c rsched -n "__fish_rsched_using_subcommand trigger" -l format -d 'How the answer looks' -r -f -a "table\t'For people'
json\t'JSON'"
complete -c rsched -n "__fish_rsched_using_subcommand trigger" -l socket -d 'Its control socket' -r -F
complete -c rsched -n "__fish_rsched_using_subcommand trigger" -s f -l file -d 'The one that runs this jobs file' -r -F
complete -c rsched -n "__fish_rsched_using_subcommand trigger" -l state-dir -d 'The one that was started with this --state-dir' -r -f -a "(__fish_complete_directories)"
complete -c rsched -n "__fish_rsched_using_subcommand trigger" -l name -d 'The one that was started with this --name' -r
complete -c rsched -n "__fish_rsched_using_subcommand trigger" -l wait -d 'Follow the run to its end and exit with its exit code: 128+n if it died of signal n, 1 if it never ran'
complete -c rsched -n "__fish_rsched_using_subcommand trigger" -s v -l verbose -d 'Say more'
complete -c rsched -n "__fish_rsched_using_subcommand trigger" -s q -l quiet -d 'Say only what is wrong'
complete -c rsched -n "__fish_rsched_using_subcommand trigger" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rsched -n "__fish_rsched_using_subcommand pause" -l socket -d 'Its control socket' -r -F
complete -c rsched -n "__fish_rsched_using_subcommand pause" -s f -l file -d 'The one that runs this jobs file' -r -F
complete -c rsched -n "__fish_rsched_using_subcommand pause" -l state-dir -d 'The one that was started with this --state-dir' -r -f -a "(__fish_complete_directories)"
complete -c rsched -n "__fish_rsched_using_subcommand pause" -l name -d 'The one that was started with this --name' -r
complete -c rsched -n "__fish_rsched_using_subcommand pause" -l all -d 'The scheduler'
complete -c rsched -n "__fish_rsched_using_subcommand pause" -s v -l verbose -d 'Say more'
complete -c rsched -n "__fish_rsched_using_subcommand pause" -s q -l quiet -d 'Say only what is wrong'
complete -c rsched -n "__fish_rsched_using_subcommand pause" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rsched -n "__fish_rsched_using_subcommand resume" -l socket -d 'Its control socket' -r -F
complete -c rsched -n "__fish_rsched_using_subcommand resume" -s f -l file -d 'The one that runs this jobs file' -r -F
complete -c rsched -n "__fish_rsched_using_subcommand resume" -l state-dir -d 'The one that was started with this --state-dir' -r -f -a "(__fish_complete_directories)"
complete -c rsched -n "__fish_rsched_using_subcommand resume" -l name -d 'The one that was started with this --name' -r
complete -c rsched -n "__fish_rsched_using_subcommand resume" -l all -d 'The scheduler'
complete -c rsched -n "__fish_rsched_using_subcommand resume" -s v -l verbose -d 'Say more'
complete -c rsched -n "__fish_rsched_using_subcommand resume" -s q -l quiet -d 'Say only what is wrong'
complete -c rsched -n "__fish_rsched_using_subcommand resume" -s h -l help -d 'Print help'
complete -c rsched -n "__fish_rsched_using_subcommand add" -l cron -d 'A crontab expression, a nickname or a table of fields: \'{ day = "3rd fri", hour = 8 }\'' -r
complete -c rsched -n "__fish_rsched_using_subcommand add" -l interval -d 'Every so often' -r
complete -c rsched -n "__fish_rsched_using_subcommand add" -l date -d 'Once, at this time' -r
complete -c rsched -n "__fish_rsched_using_subcommand add" -l set -d 'A key of the jobs file with its value (may be given more than once)' -r
complete -c rsched -n "__fish_rsched_using_subcommand add" -l socket -d 'Its control socket' -r -F
complete -c rsched -n "__fish_rsched_using_subcommand add" -s f -l file -d 'The one that runs this jobs file' -r -F
complete -c rsched -n "__fish_rsched_using_subcommand add" -l state-dir -d 'The one that was started with this --state-dir' -r -f -a "(__fish_complete_directories)"
complete -c rsched -n "__fish_rsched_using_subcommand add" -l name -d 'The one that was started with this --name' -r
complete -c rsched -n "__fish_rsched_using_subcommand add" -l replace -d 'Take the place of a job that was added with the same id'
complete -c rsched -n "__fish_rsched_using_subcommand add" -s v -l verbose -d 'Say more'
complete -c rsched -n "__fish_rsched_using_subcommand add" -s q -l quiet -d 'Say only what is wrong'
complete -c rsched -n "__fish_rsched_using_subcommand add" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rsched -n "__fish_rsched_using_subcommand modify" -l socket -d 'Its control socket' -r -F
complete -c rsched -n "__fish_rsched_using_subcommand modify" -s f -l file -d 'The one that runs this jobs file' -r -F
complete -c rsched -n "__fish_rsched_using_subcommand modify" -l state-dir -d 'The one that was started with this --state-dir' -r -f -a "(__fish_complete_directories)"
complete -c rsched -n "__fish_rsched_using_subcommand modify" -l name -d 'The one that was started with this --name' -r
complete -c rsched -n "__fish_rsched_using_subcommand modify" -s v -l verbose -d 'Say more'
complete -c rsched -n "__fish_rsched_using_subcommand modify" -s q -l quiet -d 'Say only what is wrong'
complete -c rsched -n "__fish_rsched_using_subcommand modify" -s h -l help -d 'Print help'
complete -c rsched -n "__fish_rsched_using_subcommand reschedule" -l cron -d 'A crontab expression, a nickname or a table of fields: \'{ day = "3rd fri", hour = 8 }\'' -r
complete -c rsched -n "__fish_rsched_using_subcommand reschedule" -l interval -d 'Every so often' -r
complete -c rsched -n "__fish_rsched_using_subcommand reschedule" -l date -d 'Once, at this time' -r
complete -c rsched -n "__fish_rsched_using_subcommand reschedule" -l socket -d 'Its control socket' -r -F
complete -c rsched -n "__fish_rsched_using_subcommand reschedule" -s f -l file -d 'The one that runs this jobs file' -r -F
complete -c rsched -n "__fish_rsched_using_subcommand reschedule" -l state-dir -d 'The one that was started with this --state-dir' -r -f -a "(__fish_complete_directories)"
complete -c rsched -n "__fish_rsched_using_subcommand reschedule" -l name -d 'The one that was started with this --name' -r
complete -c rsched -n "__fish_rsched_using_subcommand reschedule" -s v -l verbose -d 'Say more'
complete -c rsched -n "__fish_rsched_using_subcommand reschedule" -s q -l quiet -d 'Say only what is wrong'
complete -c rsched -n "__fish_rsched_using_subcommand reschedule" -s h -l help -d 'Print help'
complete -c rsched -n "__fish_rsched_using_subcommand remove" -l socket -d 'Its control socket' -r -F
complete -c rsched -n "__fish_rsched_using_subcommand remove" -s f -l file -d 'The one that runs this jobs file' -r -F
complete -c rsched -n "__fish_rsched_using_subcommand remove" -l state-dir -d 'The one that was started with this --state-dir' -r -f -a "(__fish_complete_directories)"
complete -c rsched -n "__fish_rsched_using_subcommand remove" -l name -d 'The one that was started with this --name' -r
complete -c rsched -n "__fish_rsched_using_subcommand remove" -l all -d 'All jobs that were added; those of the jobs file stay'
complete -c rsched -n "__fish_rsched_using_subcommand remove" -s v -l verbose -d 'Say more'
complete -c rsched -n "__fish_rsched_using_subcommand remove" -s q -l quiet -d 'Say only what is wrong'
complete -c rsched -n "__fish_rsched_using_subcommand remove" -s h -l help -d 'Print help'
complete -c rsched -n "__fish_rsched_using_subcommand kill" -l socket -d 'Its control socket' -r -F
complete -c rsched -n "__fish_rsched_using_subcommand kill" -s f -l file -d 'The one that runs this jobs file' -r -F
complete -c rsched -n "__fish_rsched_using_subcommand kill" -l state-dir -d 'The one that was started with this --state-dir' -r -f -a "(__fish_complete_directories)"
complete -c rsched -n "__fish_rsched_using_subcommand kill" -l name -d 'The one that was started with this --name' -r
complete -c rsched -n "__fish_rsched_using_subcommand kill" -s v -l verbose -d 'Say more'
complete -c rsched -n "__fish_rsched_using_subcommand kill" -s q -l quiet -d 'Say only what is wrong'
complete -c rsched -n "__fish_rsched_using_subcommand kill" -s h -l help -d 'Print help'
complete -c rsched -n "__fish_rsched_using_subcommand events" -l after -d 'Only what came after the event of this number' -r
complete -c rsched -n "__fish_rsched_using_subcommand events" -l format -d 'How the answer looks' -r -f -a "table\t'For people'
json\t'JSON'"
complete -c rsched -n "__fish_rsched_using_subcommand events" -l socket -d 'Its control socket' -r -F
complete -c rsched -n "__fish_rsched_using_subcommand events" -l file -d 'The one that runs this jobs file' -r -F
complete -c rsched -n "__fish_rsched_using_subcommand events" -l state-dir -d 'The one that was started with this --state-dir' -r -f -a "(__fish_complete_directories)"
complete -c rsched -n "__fish_rsched_using_subcommand events" -l name -d 'The one that was started with this --name' -r
complete -c rsched -n "__fish_rsched_using_subcommand events" -s f -l follow -d 'Go on with what happens from now on'
complete -c rsched -n "__fish_rsched_using_subcommand events" -s v -l verbose -d 'Say more'
complete -c rsched -n "__fish_rsched_using_subcommand events" -s q -l quiet -d 'Say only what is wrong'
complete -c rsched -n "__fish_rsched_using_subcommand events" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rsched -n "__fish_rsched_using_subcommand reload" -l socket -d 'Its control socket' -r -F
complete -c rsched -n "__fish_rsched_using_subcommand reload" -s f -l file -d 'The one that runs this jobs file' -r -F
complete -c rsched -n "__fish_rsched_using_subcommand reload" -l state-dir -d 'The one that was started with this --state-dir' -r -f -a "(__fish_complete_directories)"
complete -c rsched -n "__fish_rsched_using_subcommand reload" -l name -d 'The one that was started with this --name' -r
complete -c rsched -n "__fish_rsched_using_subcommand reload" -s v -l verbose -d 'Say more'
complete -c rsched -n "__fish_rsched_using_subcommand reload" -s q -l quiet -d 'Say only what is wrong'
complete -c rsched -n "__fish_rsched_using_subcommand reload" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rsched -n "__fish_rsched_using_subcommand shutdown" -l socket -d 'Its control socket' -r -F
complete -c rsched -n "__fish_rsched_using_subcommand shutdown" -s f -l file -d 'The one that runs this jobs file' -r -F
complete -c rsched -n "__fish_rsched_using_subcommand shutdown" -l state-dir -d 'The one that was started with this --state-dir' -r -f -a "(__fish_complete_directories)"
complete -c rsched -n "__fish_rsched_using_subcommand shutdown" -l name -d 'The one that was started with this --name' -r
complete -c rsched -n "__fish_rsched_using_subcommand shutdown" -l now -d 'Stop what runs with SIGTERM at once, not after the shutdown timeout'
complete -c rsched -n "__fish_rsched_using_subcommand shutdown" -s v -l verbose -d 'Say more'
complete -c rsched -n "__fish_rsched_using_subcommand shutdown" -s q -l quiet -d 'Say only what is wrong'
complete -c rsched -n "__fish_rsched_using_subcommand shutdown" -s h -l help -d 'Print help'
complete -c rsched -n "__fish_rsched_using_subcommand import" -l system -d 'It is a system crontab, with a user before each command [default: /etc/crontab and what is in /etc/cron.d]'
complete -c rsched -n "__fish_rsched_using_subcommand import" -s v -l verbose -d 'Say more'
complete -c rsched -n "__fish_rsched_using_subcommand import" -s q -l quiet -d 'Say only what is wrong'
complete -c rsched -n "__fish_rsched_using_subcommand import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rsched -n "__fish_rsched_using_subcommand completions" -s v -l verbose -d 'Say more'
complete -c rsched -n "__fish_rsched_using_subcommand completions" -s q -l quiet -d 'Say only what is wrong'
complete -c rsched -n "__fish_rsched_using_subcommand completions" -s h -l help -d 'Print help'
complete -c rsched -n "__fish_rsched_using_subcommand man" -s v -l verbose -d 'Say more'
complete -c rsched -n "__fish_rsched_using_subcommand man" -s q -l quiet -d 'Say only what is wrong'
complete -c rsched -n "__fish_rsched_using_subcommand man" -s h -l help -d 'Print help'
complete -c rsched -n "__fish_rsched_using_subcommand help; and not __fish_seen_subcommand_from run next explain validate exec list status show history logs why store trigger pause resume add modify reschedule remove kill events reload shutdown import completions man help" -f -a "run" -d 'Run the jobs of a file: the blocking scheduler, in the foreground'
complete -c rsched -n "__fish_rsched_using_subcommand help; and not __fish_seen_subcommand_from run next explain validate exec list status show history logs why store trigger pause resume add modify reschedule remove kill events reload shutdown import completions man help" -f -a "next" -d 'Show the next fire times of an expression, or of the jobs of files'
complete -c rsched -n "__fish_rsched_using_subcommand help; and not __fish_seen_subcommand_from run next explain validate exec list status show history logs why store trigger pause resume add modify reschedule remove kill events reload shutdown import completions man help" -f -a "explain" -d 'Explain a schedule in plain English, with its fields and what is odd about it'
complete -c rsched -n "__fish_rsched_using_subcommand help; and not __fish_seen_subcommand_from run next explain validate exec list status show history logs why store trigger pause resume add modify reschedule remove kill events reload shutdown import completions man help" -f -a "validate" -d 'Check jobs files: every error and warning, nothing is run'
complete -c rsched -n "__fish_rsched_using_subcommand help; and not __fish_seen_subcommand_from run next explain validate exec list status show history logs why store trigger pause resume add modify reschedule remove kill events reload shutdown import completions man help" -f -a "exec" -d 'Run one job now, in the foreground, exactly as the scheduler would, and exit with its exit code'
complete -c rsched -n "__fish_rsched_using_subcommand help; and not __fish_seen_subcommand_from run next explain validate exec list status show history logs why store trigger pause resume add modify reschedule remove kill events reload shutdown import completions man help" -f -a "list" -d 'List the jobs, with their next fire and their last outcome'
complete -c rsched -n "__fish_rsched_using_subcommand help; and not __fish_seen_subcommand_from run next explain validate exec list status show history logs why store trigger pause resume add modify reschedule remove kill events reload shutdown import completions man help" -f -a "status" -d 'Show how the running scheduler is; an unhealthy one is exit code 1'
complete -c rsched -n "__fish_rsched_using_subcommand help; and not __fish_seen_subcommand_from run next explain validate exec list status show history logs why store trigger pause resume add modify reschedule remove kill events reload shutdown import completions man help" -f -a "show" -d 'Show all there is to know of one job or one run'
complete -c rsched -n "__fish_rsched_using_subcommand help; and not __fish_seen_subcommand_from run next explain validate exec list status show history logs why store trigger pause resume add modify reschedule remove kill events reload shutdown import completions man help" -f -a "history" -d 'Show what ran, and what did not run'
complete -c rsched -n "__fish_rsched_using_subcommand help; and not __fish_seen_subcommand_from run next explain validate exec list status show history logs why store trigger pause resume add modify reschedule remove kill events reload shutdown import completions man help" -f -a "logs" -d 'Print what a run printed, as far as it is kept'
complete -c rsched -n "__fish_rsched_using_subcommand help; and not __fish_seen_subcommand_from run next explain validate exec list status show history logs why store trigger pause resume add modify reschedule remove kill events reload shutdown import completions man help" -f -a "why" -d 'Explain why a job ran, or did not run, at some time'
complete -c rsched -n "__fish_rsched_using_subcommand help; and not __fish_seen_subcommand_from run next explain validate exec list status show history logs why store trigger pause resume add modify reschedule remove kill events reload shutdown import completions man help" -f -a "store" -d 'Look after the records'
complete -c rsched -n "__fish_rsched_using_subcommand help; and not __fish_seen_subcommand_from run next explain validate exec list status show history logs why store trigger pause resume add modify reschedule remove kill events reload shutdown import completions man help" -f -a "trigger" -d 'Run a job now, whatever its schedule says'
complete -c rsched -n "__fish_rsched_using_subcommand help; and not __fish_seen_subcommand_from run next explain validate exec list status show history logs why store trigger pause resume add modify reschedule remove kill events reload shutdown import completions man help" -f -a "pause" -d 'Pause jobs, whose fires then do not exist, or the scheduler, whose fires wait'
complete -c rsched -n "__fish_rsched_using_subcommand help; and not __fish_seen_subcommand_from run next explain validate exec list status show history logs why store trigger pause resume add modify reschedule remove kill events reload shutdown import completions man help" -f -a "resume" -d 'Resume jobs that were paused, or the scheduler'
complete -c rsched -n "__fish_rsched_using_subcommand help; and not __fish_seen_subcommand_from run next explain validate exec list status show history logs why store trigger pause resume add modify reschedule remove kill events reload shutdown import completions man help" -f -a "add" -d 'Add a job to the running scheduler'
complete -c rsched -n "__fish_rsched_using_subcommand help; and not __fish_seen_subcommand_from run next explain validate exec list status show history logs why store trigger pause resume add modify reschedule remove kill events reload shutdown import completions man help" -f -a "modify" -d 'Change keys of a job that was added'
complete -c rsched -n "__fish_rsched_using_subcommand help; and not __fish_seen_subcommand_from run next explain validate exec list status show history logs why store trigger pause resume add modify reschedule remove kill events reload shutdown import completions man help" -f -a "reschedule" -d 'Give a job that was added another trigger'
complete -c rsched -n "__fish_rsched_using_subcommand help; and not __fish_seen_subcommand_from run next explain validate exec list status show history logs why store trigger pause resume add modify reschedule remove kill events reload shutdown import completions man help" -f -a "remove" -d 'Remove jobs that were added; what runs of them runs to its end'
complete -c rsched -n "__fish_rsched_using_subcommand help; and not __fish_seen_subcommand_from run next explain validate exec list status show history logs why store trigger pause resume add modify reschedule remove kill events reload shutdown import completions man help" -f -a "kill" -d 'Stop a run, or all runs of a job: SIGTERM, and SIGKILL some time after'
complete -c rsched -n "__fish_rsched_using_subcommand help; and not __fish_seen_subcommand_from run next explain validate exec list status show history logs why store trigger pause resume add modify reschedule remove kill events reload shutdown import completions man help" -f -a "events" -d 'Show what happened, and with -f what happens'
complete -c rsched -n "__fish_rsched_using_subcommand help; and not __fish_seen_subcommand_from run next explain validate exec list status show history logs why store trigger pause resume add modify reschedule remove kill events reload shutdown import completions man help" -f -a "reload" -d 'Have the running scheduler read its jobs files again'
complete -c rsched -n "__fish_rsched_using_subcommand help; and not __fish_seen_subcommand_from run next explain validate exec list status show history logs why store trigger pause resume add modify reschedule remove kill events reload shutdown import completions man help" -f -a "shutdown" -d 'Stop the running scheduler'
complete -c rsched -n "__fish_rsched_using_subcommand help; and not __fish_seen_subcommand_from run next explain validate exec list status show history logs why store trigger pause resume add modify reschedule remove kill events reload shutdown import completions man help" -f -a "import" -d 'Print a jobs file that does what another scheduler\'s file does'
complete -c rsched -n "__fish_rsched_using_subcommand help; and not __fish_seen_subcommand_from run next explain validate exec list status show history logs why store trigger pause resume add modify reschedule remove kill events reload shutdown import completions man help" -f -a "completions" -d 'Print the completions of a shell'
complete -c rsched -n "__fish_rsched_using_subcommand help; and not __fish_seen_subcommand_from run next explain validate exec list status show history logs why store trigger pause resume add modify reschedule remove kill events reload shutdown import completions man help" -f -a "man" -d 'Print the man page (roff)'
complete -c rsched -n "__fish_rsched_using_subcommand help; and not __fish_seen_subcommand_from run next explain validate exec list status show history logs why store trigger pause resume add modify reschedule remove kill events reload shutdown import completions man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c rsched -n "__fish_rsched_using_subcommand help; and __fish_seen_subcommand_from store" -f -a "check" -d 'Look whether the records are whole: every page, and every row with its checksum; not being so is exit code 1'
complete -c rsched -n "__fish_rsched_using_subcommand help; and __fish_seen_subcommand_from store" -f -a "recover" -d 'Save what can be read of damaged records into a new file'
complete -c rsched -n "__fish_rsched_using_subcommand show history logs why trigger pause resume modify reschedule remove kill" -f -a "(rsched __jobs (commandline -opc)[2..] 2>/dev/null)"
