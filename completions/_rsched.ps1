
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'rsched' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'rsched'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'rsched' {
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Run the jobs of a file: the blocking scheduler, in the foreground')
            [CompletionResult]::new('next', 'next', [CompletionResultType]::ParameterValue, 'Show the next fire times of an expression, or of the jobs of files')
            [CompletionResult]::new('explain', 'explain', [CompletionResultType]::ParameterValue, 'Explain a schedule in plain English, with its fields and what is odd about it')
            [CompletionResult]::new('validate', 'validate', [CompletionResultType]::ParameterValue, 'Check jobs files: every error and warning, nothing is run')
            [CompletionResult]::new('exec', 'exec', [CompletionResultType]::ParameterValue, 'Run one job now, in the foreground, exactly as the scheduler would, and exit with its exit code')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the jobs, with their next fire and their last outcome')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Show how the running scheduler is; an unhealthy one is exit code 1')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show all there is to know of one job or one run')
            [CompletionResult]::new('history', 'history', [CompletionResultType]::ParameterValue, 'Show what ran, and what did not run')
            [CompletionResult]::new('logs', 'logs', [CompletionResultType]::ParameterValue, 'Print what a run printed, as far as it is kept')
            [CompletionResult]::new('why', 'why', [CompletionResultType]::ParameterValue, 'Explain why a job ran, or did not run, at some time')
            [CompletionResult]::new('store', 'store', [CompletionResultType]::ParameterValue, 'Look after the records')
            [CompletionResult]::new('trigger', 'trigger', [CompletionResultType]::ParameterValue, 'Run a job now, whatever its schedule says')
            [CompletionResult]::new('pause', 'pause', [CompletionResultType]::ParameterValue, 'Pause jobs, whose fires then do not exist, or the scheduler, whose fires wait')
            [CompletionResult]::new('resume', 'resume', [CompletionResultType]::ParameterValue, 'Resume jobs that were paused, or the scheduler')
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Add a job to the running scheduler')
            [CompletionResult]::new('modify', 'modify', [CompletionResultType]::ParameterValue, 'Change keys of a job that was added')
            [CompletionResult]::new('reschedule', 'reschedule', [CompletionResultType]::ParameterValue, 'Give a job that was added another trigger')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Remove jobs that were added; what runs of them runs to its end')
            [CompletionResult]::new('kill', 'kill', [CompletionResultType]::ParameterValue, 'Stop a run, or all runs of a job: SIGTERM, and SIGKILL some time after')
            [CompletionResult]::new('events', 'events', [CompletionResultType]::ParameterValue, 'Show what happened, and with -f what happens')
            [CompletionResult]::new('reload', 'reload', [CompletionResultType]::ParameterValue, 'Have the running scheduler read its jobs files again')
            [CompletionResult]::new('shutdown', 'shutdown', [CompletionResultType]::ParameterValue, 'Stop the running scheduler')
            [CompletionResult]::new('import', 'import', [CompletionResultType]::ParameterValue, 'Print a jobs file that does what another scheduler''s file does')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print the completions of a shell')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print the man page (roff)')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'rsched;run' {
            [CompletionResult]::new('--file-format', '--file-format', [CompletionResultType]::ParameterName, 'What the files are written in [default: *.toml is TOML, any other name a crontab]')
            [CompletionResult]::new('--for', '--for', [CompletionResultType]::ParameterName, 'Stop after this long, as SIGTERM does')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How log lines look [default: journal where standard error is systemd''s journal, else text]')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Append the log to this file instead of standard error; one that was renamed, as logrotate does, is begun anew')
            [CompletionResult]::new('--log-level', '--log-level', [CompletionResultType]::ParameterName, 'The loudness of the log; job output is at info')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Where records are kept, instead of what the file says: sqlite, sqlite:PATH or memory')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Directory of lock, records and control socket [default: /var/lib/rsched/NAME as root, else ~/.local/state/rsched/NAME]')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'Name of this scheduler, for its directories [default: from the first file]')
            [CompletionResult]::new('--sendmail', '--sendmail', [CompletionResultType]::ParameterName, 'Program that mails of output are handed to, or off [default: /usr/sbin/sendmail or /usr/lib/sendmail, where there is one]')
            [CompletionResult]::new('--trust-owner', '--trust-owner', [CompletionResultType]::ParameterName, 'Also trust jobs files of this user')
            [CompletionResult]::new('--system', '--system', [CompletionResultType]::ParameterName, 'The files are system crontabs, with a user before each command [default: /etc/crontab and what is in /etc/cron.d]')
            [CompletionResult]::new('--paused', '--paused', [CompletionResultType]::ParameterName, 'Start paused: no job is started')
            [CompletionResult]::new('--wait-lock', '--wait-lock', [CompletionResultType]::ParameterName, 'If another instance holds the lock, stand by and take over when it ends')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'rsched;next' {
            [CompletionResult]::new('--job', '--job', [CompletionResultType]::ParameterName, 'Only this job of the files (may be given more than once)')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'How many fire times')
            [CompletionResult]::new('--count', '--count', [CompletionResultType]::ParameterName, 'How many fire times')
            [CompletionResult]::new('--from', '--from', [CompletionResultType]::ParameterName, 'Strictly after this time; with --previous, strictly before it')
            [CompletionResult]::new('--until', '--until', [CompletionResultType]::ParameterName, 'Not later than this time; with --previous, not earlier')
            [CompletionResult]::new('--timezone', '--timezone', [CompletionResultType]::ParameterName, 'Zone the expression is read in and times are shown in [default: the machine''s; for files, each job''s own]')
            [CompletionResult]::new('--dst', '--dst', [CompletionResultType]::ParameterName, 'What happens to wall-clock times that are skipped or come twice')
            [CompletionResult]::new('--dialect', '--dialect', [CompletionResultType]::ParameterName, 'The language of the expression')
            [CompletionResult]::new('--job-id', '--job-id', [CompletionResultType]::ParameterName, 'The job''s id that H and ~ in the expression get their values from')
            [CompletionResult]::new('--file-format', '--file-format', [CompletionResultType]::ParameterName, 'What the files are written in [default: *.toml is TOML, any other name a crontab]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the answer looks')
            [CompletionResult]::new('--system', '--system', [CompletionResultType]::ParameterName, 'The files are system crontabs, with a user before each command [default: /etc/crontab and what is in /etc/cron.d]')
            [CompletionResult]::new('--inclusive', '--inclusive', [CompletionResultType]::ParameterName, 'Count a fire exactly at --from too')
            [CompletionResult]::new('--previous', '--previous', [CompletionResultType]::ParameterName, 'Backwards: the fire times before --from, the newest first')
            [CompletionResult]::new('--each', '--each', [CompletionResultType]::ParameterName, 'COUNT fire times of every job, not of all together')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'rsched;explain' {
            [CompletionResult]::new('--job', '--job', [CompletionResultType]::ParameterName, 'The job of the files [default: the only one]')
            [CompletionResult]::new('--timezone', '--timezone', [CompletionResultType]::ParameterName, 'Zone the expression is read in and times are shown in [default: the machine''s; for files, each job''s own]')
            [CompletionResult]::new('--dst', '--dst', [CompletionResultType]::ParameterName, 'What happens to wall-clock times that are skipped or come twice')
            [CompletionResult]::new('--dialect', '--dialect', [CompletionResultType]::ParameterName, 'The language of the expression')
            [CompletionResult]::new('--job-id', '--job-id', [CompletionResultType]::ParameterName, 'The job''s id that H and ~ in the expression get their values from')
            [CompletionResult]::new('--file-format', '--file-format', [CompletionResultType]::ParameterName, 'What the files are written in [default: *.toml is TOML, any other name a crontab]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the answer looks')
            [CompletionResult]::new('--system', '--system', [CompletionResultType]::ParameterName, 'The files are system crontabs, with a user before each command [default: /etc/crontab and what is in /etc/cron.d]')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'rsched;validate' {
            [CompletionResult]::new('--file-format', '--file-format', [CompletionResultType]::ParameterName, 'What the files are written in [default: *.toml is TOML, any other name a crontab]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How problems look')
            [CompletionResult]::new('--system', '--system', [CompletionResultType]::ParameterName, 'The files are system crontabs, with a user before each command [default: /etc/crontab and what is in /etc/cron.d]')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'rsched;exec' {
            [CompletionResult]::new('--file-format', '--file-format', [CompletionResultType]::ParameterName, 'What the files are written in [default: *.toml is TOML, any other name a crontab]')
            [CompletionResult]::new('--trust-owner', '--trust-owner', [CompletionResultType]::ParameterName, 'Also trust jobs files of this user')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'The --state-dir of their scheduler')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'The --name of their scheduler')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'The --store of their scheduler: sqlite or sqlite:PATH')
            [CompletionResult]::new('--explain', '--explain', [CompletionResultType]::ParameterName, 'Run nothing: show how the job''s surroundings differ from those here')
            [CompletionResult]::new('--system', '--system', [CompletionResultType]::ParameterName, 'The files are system crontabs, with a user before each command [default: /etc/crontab and what is in /etc/cron.d]')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'rsched;list' {
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Only jobs in this state')
            [CompletionResult]::new('--tag', '--tag', [CompletionResultType]::ParameterName, 'Only jobs with this tag')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the answer looks')
            [CompletionResult]::new('--socket', '--socket', [CompletionResultType]::ParameterName, 'Its control socket')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The one that runs this jobs file')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'The one that runs this jobs file')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'The one that was started with this --state-dir')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'The one that was started with this --name')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'rsched;status' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the answer looks')
            [CompletionResult]::new('--socket', '--socket', [CompletionResultType]::ParameterName, 'Its control socket')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The one that runs this jobs file')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'The one that runs this jobs file')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'The one that was started with this --state-dir')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'The one that was started with this --name')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'rsched;show' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the answer looks')
            [CompletionResult]::new('--socket', '--socket', [CompletionResultType]::ParameterName, 'Its control socket')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The one that runs this jobs file')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'The one that runs this jobs file')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'The one that was started with this --state-dir')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'The one that was started with this --name')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'rsched;history' {
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Only fires from this time on')
            [CompletionResult]::new('--until', '--until', [CompletionResultType]::ParameterName, 'Only fires up to this time')
            [CompletionResult]::new('--outcome', '--outcome', [CompletionResultType]::ParameterName, 'Only what ended so (several with commas between them)')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'The newest, so many at most')
            [CompletionResult]::new('--count', '--count', [CompletionResultType]::ParameterName, 'The newest, so many at most')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the answer looks')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The jobs file of their scheduler (may be given more than once, as to run)')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'The jobs file of their scheduler (may be given more than once, as to run)')
            [CompletionResult]::new('--socket', '--socket', [CompletionResultType]::ParameterName, 'The control socket of their scheduler, if it runs')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'The --state-dir of their scheduler')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'The --name of their scheduler')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'The --store of their scheduler: sqlite or sqlite:PATH')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'rsched;logs' {
            [CompletionResult]::new('--run', '--run', [CompletionResultType]::ParameterName, 'This run of it: its id, or how that begins')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'The jobs file of their scheduler (may be given more than once, as to run)')
            [CompletionResult]::new('--socket', '--socket', [CompletionResultType]::ParameterName, 'The control socket of their scheduler, if it runs')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'The --state-dir of their scheduler')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'The --name of their scheduler')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'The --store of their scheduler: sqlite or sqlite:PATH')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Print what a running scheduler''s run prints, as it comes, and then that of the runs after it; with --run, of that one to its end')
            [CompletionResult]::new('--follow', '--follow', [CompletionResultType]::ParameterName, 'Print what a running scheduler''s run prints, as it comes, and then that of the runs after it; with --run, of that one to its end')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'rsched;why' {
            [CompletionResult]::new('--at', '--at', [CompletionResultType]::ParameterName, 'When it should have run [default: the last time it was due]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the answer looks')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The jobs file of their scheduler (may be given more than once, as to run)')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'The jobs file of their scheduler (may be given more than once, as to run)')
            [CompletionResult]::new('--socket', '--socket', [CompletionResultType]::ParameterName, 'The control socket of their scheduler, if it runs')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'The --state-dir of their scheduler')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'The --name of their scheduler')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'The --store of their scheduler: sqlite or sqlite:PATH')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'rsched;store' {
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Look whether the records are whole: every page, and every row with its checksum; not being so is exit code 1')
            [CompletionResult]::new('recover', 'recover', [CompletionResultType]::ParameterValue, 'Save what can be read of damaged records into a new file')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'rsched;store;check' {
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The jobs file of their scheduler (may be given more than once, as to run)')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'The jobs file of their scheduler (may be given more than once, as to run)')
            [CompletionResult]::new('--socket', '--socket', [CompletionResultType]::ParameterName, 'The control socket of their scheduler, if it runs')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'The --state-dir of their scheduler')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'The --name of their scheduler')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'The --store of their scheduler: sqlite or sqlite:PATH')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'rsched;store;recover' {
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The jobs file of their scheduler (may be given more than once, as to run)')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'The jobs file of their scheduler (may be given more than once, as to run)')
            [CompletionResult]::new('--socket', '--socket', [CompletionResultType]::ParameterName, 'The control socket of their scheduler, if it runs')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'The --state-dir of their scheduler')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'The --name of their scheduler')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'The --store of their scheduler: sqlite or sqlite:PATH')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'rsched;store;help' {
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Look whether the records are whole: every page, and every row with its checksum; not being so is exit code 1')
            [CompletionResult]::new('recover', 'recover', [CompletionResultType]::ParameterValue, 'Save what can be read of damaged records into a new file')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'rsched;store;help;check' {
            break
        }
        'rsched;store;help;recover' {
            break
        }
        'rsched;store;help;help' {
            break
        }
        'rsched;trigger' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the answer looks')
            [CompletionResult]::new('--socket', '--socket', [CompletionResultType]::ParameterName, 'Its control socket')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The one that runs this jobs file')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'The one that runs this jobs file')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'The one that was started with this --state-dir')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'The one that was started with this --name')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Follow the run to its end and exit with its exit code: 128+n if it died of signal n, 1 if it never ran')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'rsched;pause' {
            [CompletionResult]::new('--socket', '--socket', [CompletionResultType]::ParameterName, 'Its control socket')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The one that runs this jobs file')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'The one that runs this jobs file')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'The one that was started with this --state-dir')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'The one that was started with this --name')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'The scheduler')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'rsched;resume' {
            [CompletionResult]::new('--socket', '--socket', [CompletionResultType]::ParameterName, 'Its control socket')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The one that runs this jobs file')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'The one that runs this jobs file')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'The one that was started with this --state-dir')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'The one that was started with this --name')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'The scheduler')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'rsched;add' {
            [CompletionResult]::new('--cron', '--cron', [CompletionResultType]::ParameterName, 'A crontab expression, a nickname or a table of fields: ''{ day = "3rd fri", hour = 8 }''')
            [CompletionResult]::new('--interval', '--interval', [CompletionResultType]::ParameterName, 'Every so often')
            [CompletionResult]::new('--date', '--date', [CompletionResultType]::ParameterName, 'Once, at this time')
            [CompletionResult]::new('--set', '--set', [CompletionResultType]::ParameterName, 'A key of the jobs file with its value (may be given more than once)')
            [CompletionResult]::new('--socket', '--socket', [CompletionResultType]::ParameterName, 'Its control socket')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The one that runs this jobs file')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'The one that runs this jobs file')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'The one that was started with this --state-dir')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'The one that was started with this --name')
            [CompletionResult]::new('--replace', '--replace', [CompletionResultType]::ParameterName, 'Take the place of a job that was added with the same id')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'rsched;modify' {
            [CompletionResult]::new('--socket', '--socket', [CompletionResultType]::ParameterName, 'Its control socket')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The one that runs this jobs file')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'The one that runs this jobs file')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'The one that was started with this --state-dir')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'The one that was started with this --name')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'rsched;reschedule' {
            [CompletionResult]::new('--cron', '--cron', [CompletionResultType]::ParameterName, 'A crontab expression, a nickname or a table of fields: ''{ day = "3rd fri", hour = 8 }''')
            [CompletionResult]::new('--interval', '--interval', [CompletionResultType]::ParameterName, 'Every so often')
            [CompletionResult]::new('--date', '--date', [CompletionResultType]::ParameterName, 'Once, at this time')
            [CompletionResult]::new('--socket', '--socket', [CompletionResultType]::ParameterName, 'Its control socket')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The one that runs this jobs file')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'The one that runs this jobs file')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'The one that was started with this --state-dir')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'The one that was started with this --name')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'rsched;remove' {
            [CompletionResult]::new('--socket', '--socket', [CompletionResultType]::ParameterName, 'Its control socket')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The one that runs this jobs file')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'The one that runs this jobs file')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'The one that was started with this --state-dir')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'The one that was started with this --name')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'All jobs that were added; those of the jobs file stay')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'rsched;kill' {
            [CompletionResult]::new('--socket', '--socket', [CompletionResultType]::ParameterName, 'Its control socket')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The one that runs this jobs file')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'The one that runs this jobs file')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'The one that was started with this --state-dir')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'The one that was started with this --name')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'rsched;events' {
            [CompletionResult]::new('--after', '--after', [CompletionResultType]::ParameterName, 'Only what came after the event of this number')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the answer looks')
            [CompletionResult]::new('--socket', '--socket', [CompletionResultType]::ParameterName, 'Its control socket')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'The one that runs this jobs file')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'The one that was started with this --state-dir')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'The one that was started with this --name')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Go on with what happens from now on')
            [CompletionResult]::new('--follow', '--follow', [CompletionResultType]::ParameterName, 'Go on with what happens from now on')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'rsched;reload' {
            [CompletionResult]::new('--socket', '--socket', [CompletionResultType]::ParameterName, 'Its control socket')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The one that runs this jobs file')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'The one that runs this jobs file')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'The one that was started with this --state-dir')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'The one that was started with this --name')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'rsched;shutdown' {
            [CompletionResult]::new('--socket', '--socket', [CompletionResultType]::ParameterName, 'Its control socket')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The one that runs this jobs file')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'The one that runs this jobs file')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'The one that was started with this --state-dir')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'The one that was started with this --name')
            [CompletionResult]::new('--now', '--now', [CompletionResultType]::ParameterName, 'Stop what runs with SIGTERM at once, not after the shutdown timeout')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'rsched;import' {
            [CompletionResult]::new('--system', '--system', [CompletionResultType]::ParameterName, 'It is a system crontab, with a user before each command [default: /etc/crontab and what is in /etc/cron.d]')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'rsched;completions' {
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'rsched;man' {
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'rsched;help' {
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Run the jobs of a file: the blocking scheduler, in the foreground')
            [CompletionResult]::new('next', 'next', [CompletionResultType]::ParameterValue, 'Show the next fire times of an expression, or of the jobs of files')
            [CompletionResult]::new('explain', 'explain', [CompletionResultType]::ParameterValue, 'Explain a schedule in plain English, with its fields and what is odd about it')
            [CompletionResult]::new('validate', 'validate', [CompletionResultType]::ParameterValue, 'Check jobs files: every error and warning, nothing is run')
            [CompletionResult]::new('exec', 'exec', [CompletionResultType]::ParameterValue, 'Run one job now, in the foreground, exactly as the scheduler would, and exit with its exit code')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the jobs, with their next fire and their last outcome')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Show how the running scheduler is; an unhealthy one is exit code 1')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show all there is to know of one job or one run')
            [CompletionResult]::new('history', 'history', [CompletionResultType]::ParameterValue, 'Show what ran, and what did not run')
            [CompletionResult]::new('logs', 'logs', [CompletionResultType]::ParameterValue, 'Print what a run printed, as far as it is kept')
            [CompletionResult]::new('why', 'why', [CompletionResultType]::ParameterValue, 'Explain why a job ran, or did not run, at some time')
            [CompletionResult]::new('store', 'store', [CompletionResultType]::ParameterValue, 'Look after the records')
            [CompletionResult]::new('trigger', 'trigger', [CompletionResultType]::ParameterValue, 'Run a job now, whatever its schedule says')
            [CompletionResult]::new('pause', 'pause', [CompletionResultType]::ParameterValue, 'Pause jobs, whose fires then do not exist, or the scheduler, whose fires wait')
            [CompletionResult]::new('resume', 'resume', [CompletionResultType]::ParameterValue, 'Resume jobs that were paused, or the scheduler')
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Add a job to the running scheduler')
            [CompletionResult]::new('modify', 'modify', [CompletionResultType]::ParameterValue, 'Change keys of a job that was added')
            [CompletionResult]::new('reschedule', 'reschedule', [CompletionResultType]::ParameterValue, 'Give a job that was added another trigger')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Remove jobs that were added; what runs of them runs to its end')
            [CompletionResult]::new('kill', 'kill', [CompletionResultType]::ParameterValue, 'Stop a run, or all runs of a job: SIGTERM, and SIGKILL some time after')
            [CompletionResult]::new('events', 'events', [CompletionResultType]::ParameterValue, 'Show what happened, and with -f what happens')
            [CompletionResult]::new('reload', 'reload', [CompletionResultType]::ParameterValue, 'Have the running scheduler read its jobs files again')
            [CompletionResult]::new('shutdown', 'shutdown', [CompletionResultType]::ParameterValue, 'Stop the running scheduler')
            [CompletionResult]::new('import', 'import', [CompletionResultType]::ParameterValue, 'Print a jobs file that does what another scheduler''s file does')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print the completions of a shell')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print the man page (roff)')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'rsched;help;run' {
            break
        }
        'rsched;help;next' {
            break
        }
        'rsched;help;explain' {
            break
        }
        'rsched;help;validate' {
            break
        }
        'rsched;help;exec' {
            break
        }
        'rsched;help;list' {
            break
        }
        'rsched;help;status' {
            break
        }
        'rsched;help;show' {
            break
        }
        'rsched;help;history' {
            break
        }
        'rsched;help;logs' {
            break
        }
        'rsched;help;why' {
            break
        }
        'rsched;help;store' {
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Look whether the records are whole: every page, and every row with its checksum; not being so is exit code 1')
            [CompletionResult]::new('recover', 'recover', [CompletionResultType]::ParameterValue, 'Save what can be read of damaged records into a new file')
            break
        }
        'rsched;help;store;check' {
            break
        }
        'rsched;help;store;recover' {
            break
        }
        'rsched;help;trigger' {
            break
        }
        'rsched;help;pause' {
            break
        }
        'rsched;help;resume' {
            break
        }
        'rsched;help;add' {
            break
        }
        'rsched;help;modify' {
            break
        }
        'rsched;help;reschedule' {
            break
        }
        'rsched;help;remove' {
            break
        }
        'rsched;help;kill' {
            break
        }
        'rsched;help;events' {
            break
        }
        'rsched;help;reload' {
            break
        }
        'rsched;help;shutdown' {
            break
        }
        'rsched;help;import' {
            break
        }
        'rsched;help;completions' {
            break
        }
        'rsched;help;man' {
            break
        }
        'rsched;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
