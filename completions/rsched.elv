
use builtin;
use str;

set edit:completion:arg-completer[rsched] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'rsched'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'rsched'= {
            cand -v 'Say more'
            cand --verbose 'Say more'
            cand -q 'Say only what is wrong'
            cand --quiet 'Say only what is wrong'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand run 'Run the jobs of a file: the blocking scheduler, in the foreground'
            cand next 'Show the next fire times of an expression, or of the jobs of files'
            cand explain 'Explain a schedule in plain English, with its fields and what is odd about it'
            cand validate 'Check jobs files: every error and warning, nothing is run'
            cand exec 'Run one job now, in the foreground, exactly as the scheduler would, and exit with its exit code'
            cand list 'List the jobs, with their next fire and their last outcome'
            cand status 'Show how the running scheduler is; an unhealthy one is exit code 1'
            cand show 'Show all there is to know of one job or one run'
            cand history 'Show what ran, and what did not run'
            cand logs 'Print what a run printed, as far as it is kept'
            cand why 'Explain why a job ran, or did not run, at some time'
            cand store 'Look after the records'
            cand trigger 'Run a job now, whatever its schedule says'
            cand pause 'Pause jobs, whose fires then do not exist, or the scheduler, whose fires wait'
            cand resume 'Resume jobs that were paused, or the scheduler'
            cand add 'Add a job to the running scheduler'
            cand modify 'Change keys of a job that was added'
            cand reschedule 'Give a job that was added another trigger'
            cand remove 'Remove jobs that were added; what runs of them runs to its end'
            cand kill 'Stop a run, or all runs of a job: SIGTERM, and SIGKILL some time after'
            cand events 'Show what happened, and with -f what happens'
            cand reload 'Have the running scheduler read its jobs files again'
            cand shutdown 'Stop the running scheduler'
            cand import 'Print a jobs file that does what another scheduler''s file does'
            cand completions 'Print the completions of a shell'
            cand man 'Print the man page (roff)'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'rsched;run'= {
            cand --file-format 'What the files are written in [default: *.toml is TOML, any other name a crontab]'
            cand --for 'Stop after this long, as SIGTERM does'
            cand --log-format 'How log lines look [default: journal where standard error is systemd''s journal, else text]'
            cand --log-file 'Append the log to this file instead of standard error; one that was renamed, as logrotate does, is begun anew'
            cand --log-level 'The loudness of the log; job output is at info'
            cand --store 'Where records are kept, instead of what the file says: sqlite, sqlite:PATH or memory'
            cand --state-dir 'Directory of lock, records and control socket [default: /var/lib/rsched/NAME as root, else ~/.local/state/rsched/NAME]'
            cand --name 'Name of this scheduler, for its directories [default: from the first file]'
            cand --sendmail 'Program that mails of output are handed to, or off [default: /usr/sbin/sendmail or /usr/lib/sendmail, where there is one]'
            cand --trust-owner 'Also trust jobs files of this user'
            cand --system 'The files are system crontabs, with a user before each command [default: /etc/crontab and what is in /etc/cron.d]'
            cand --paused 'Start paused: no job is started'
            cand --wait-lock 'If another instance holds the lock, stand by and take over when it ends'
            cand -v 'Say more'
            cand --verbose 'Say more'
            cand -q 'Say only what is wrong'
            cand --quiet 'Say only what is wrong'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'rsched;next'= {
            cand --job 'Only this job of the files (may be given more than once)'
            cand -n 'How many fire times'
            cand --count 'How many fire times'
            cand --from 'Strictly after this time; with --previous, strictly before it'
            cand --until 'Not later than this time; with --previous, not earlier'
            cand --timezone 'Zone the expression is read in and times are shown in [default: the machine''s; for files, each job''s own]'
            cand --dst 'What happens to wall-clock times that are skipped or come twice'
            cand --dialect 'The language of the expression'
            cand --job-id 'The job''s id that H and ~ in the expression get their values from'
            cand --file-format 'What the files are written in [default: *.toml is TOML, any other name a crontab]'
            cand --format 'How the answer looks'
            cand --system 'The files are system crontabs, with a user before each command [default: /etc/crontab and what is in /etc/cron.d]'
            cand --inclusive 'Count a fire exactly at --from too'
            cand --previous 'Backwards: the fire times before --from, the newest first'
            cand --each 'COUNT fire times of every job, not of all together'
            cand -v 'Say more'
            cand --verbose 'Say more'
            cand -q 'Say only what is wrong'
            cand --quiet 'Say only what is wrong'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'rsched;explain'= {
            cand --job 'The job of the files [default: the only one]'
            cand --timezone 'Zone the expression is read in and times are shown in [default: the machine''s; for files, each job''s own]'
            cand --dst 'What happens to wall-clock times that are skipped or come twice'
            cand --dialect 'The language of the expression'
            cand --job-id 'The job''s id that H and ~ in the expression get their values from'
            cand --file-format 'What the files are written in [default: *.toml is TOML, any other name a crontab]'
            cand --format 'How the answer looks'
            cand --system 'The files are system crontabs, with a user before each command [default: /etc/crontab and what is in /etc/cron.d]'
            cand -v 'Say more'
            cand --verbose 'Say more'
            cand -q 'Say only what is wrong'
            cand --quiet 'Say only what is wrong'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'rsched;validate'= {
            cand --file-format 'What the files are written in [default: *.toml is TOML, any other name a crontab]'
            cand --format 'How problems look'
            cand --system 'The files are system crontabs, with a user before each command [default: /etc/crontab and what is in /etc/cron.d]'
            cand -v 'Say more'
            cand --verbose 'Say more'
            cand -q 'Say only what is wrong'
            cand --quiet 'Say only what is wrong'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'rsched;exec'= {
            cand --file-format 'What the files are written in [default: *.toml is TOML, any other name a crontab]'
            cand --trust-owner 'Also trust jobs files of this user'
            cand --state-dir 'The --state-dir of their scheduler'
            cand --name 'The --name of their scheduler'
            cand --store 'The --store of their scheduler: sqlite or sqlite:PATH'
            cand --explain 'Run nothing: show how the job''s surroundings differ from those here'
            cand --system 'The files are system crontabs, with a user before each command [default: /etc/crontab and what is in /etc/cron.d]'
            cand -v 'Say more'
            cand --verbose 'Say more'
            cand -q 'Say only what is wrong'
            cand --quiet 'Say only what is wrong'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'rsched;list'= {
            cand --state 'Only jobs in this state'
            cand --tag 'Only jobs with this tag'
            cand --format 'How the answer looks'
            cand --socket 'Its control socket'
            cand -f 'The one that runs this jobs file'
            cand --file 'The one that runs this jobs file'
            cand --state-dir 'The one that was started with this --state-dir'
            cand --name 'The one that was started with this --name'
            cand -v 'Say more'
            cand --verbose 'Say more'
            cand -q 'Say only what is wrong'
            cand --quiet 'Say only what is wrong'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'rsched;status'= {
            cand --format 'How the answer looks'
            cand --socket 'Its control socket'
            cand -f 'The one that runs this jobs file'
            cand --file 'The one that runs this jobs file'
            cand --state-dir 'The one that was started with this --state-dir'
            cand --name 'The one that was started with this --name'
            cand -v 'Say more'
            cand --verbose 'Say more'
            cand -q 'Say only what is wrong'
            cand --quiet 'Say only what is wrong'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'rsched;show'= {
            cand --format 'How the answer looks'
            cand --socket 'Its control socket'
            cand -f 'The one that runs this jobs file'
            cand --file 'The one that runs this jobs file'
            cand --state-dir 'The one that was started with this --state-dir'
            cand --name 'The one that was started with this --name'
            cand -v 'Say more'
            cand --verbose 'Say more'
            cand -q 'Say only what is wrong'
            cand --quiet 'Say only what is wrong'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'rsched;history'= {
            cand --since 'Only fires from this time on'
            cand --until 'Only fires up to this time'
            cand --outcome 'Only what ended so (several with commas between them)'
            cand -n 'The newest, so many at most'
            cand --count 'The newest, so many at most'
            cand --format 'How the answer looks'
            cand -f 'The jobs file of their scheduler (may be given more than once, as to run)'
            cand --file 'The jobs file of their scheduler (may be given more than once, as to run)'
            cand --socket 'The control socket of their scheduler, if it runs'
            cand --state-dir 'The --state-dir of their scheduler'
            cand --name 'The --name of their scheduler'
            cand --store 'The --store of their scheduler: sqlite or sqlite:PATH'
            cand -v 'Say more'
            cand --verbose 'Say more'
            cand -q 'Say only what is wrong'
            cand --quiet 'Say only what is wrong'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'rsched;logs'= {
            cand --run 'This run of it: its id, or how that begins'
            cand --file 'The jobs file of their scheduler (may be given more than once, as to run)'
            cand --socket 'The control socket of their scheduler, if it runs'
            cand --state-dir 'The --state-dir of their scheduler'
            cand --name 'The --name of their scheduler'
            cand --store 'The --store of their scheduler: sqlite or sqlite:PATH'
            cand -f 'Print what a running scheduler''s run prints, as it comes, and then that of the runs after it; with --run, of that one to its end'
            cand --follow 'Print what a running scheduler''s run prints, as it comes, and then that of the runs after it; with --run, of that one to its end'
            cand -v 'Say more'
            cand --verbose 'Say more'
            cand -q 'Say only what is wrong'
            cand --quiet 'Say only what is wrong'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'rsched;why'= {
            cand --at 'When it should have run [default: the last time it was due]'
            cand --format 'How the answer looks'
            cand -f 'The jobs file of their scheduler (may be given more than once, as to run)'
            cand --file 'The jobs file of their scheduler (may be given more than once, as to run)'
            cand --socket 'The control socket of their scheduler, if it runs'
            cand --state-dir 'The --state-dir of their scheduler'
            cand --name 'The --name of their scheduler'
            cand --store 'The --store of their scheduler: sqlite or sqlite:PATH'
            cand -v 'Say more'
            cand --verbose 'Say more'
            cand -q 'Say only what is wrong'
            cand --quiet 'Say only what is wrong'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'rsched;store'= {
            cand -v 'Say more'
            cand --verbose 'Say more'
            cand -q 'Say only what is wrong'
            cand --quiet 'Say only what is wrong'
            cand -h 'Print help'
            cand --help 'Print help'
            cand check 'Look whether the records are whole: every page, and every row with its checksum; not being so is exit code 1'
            cand recover 'Save what can be read of damaged records into a new file'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'rsched;store;check'= {
            cand -f 'The jobs file of their scheduler (may be given more than once, as to run)'
            cand --file 'The jobs file of their scheduler (may be given more than once, as to run)'
            cand --socket 'The control socket of their scheduler, if it runs'
            cand --state-dir 'The --state-dir of their scheduler'
            cand --name 'The --name of their scheduler'
            cand --store 'The --store of their scheduler: sqlite or sqlite:PATH'
            cand -v 'Say more'
            cand --verbose 'Say more'
            cand -q 'Say only what is wrong'
            cand --quiet 'Say only what is wrong'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'rsched;store;recover'= {
            cand -f 'The jobs file of their scheduler (may be given more than once, as to run)'
            cand --file 'The jobs file of their scheduler (may be given more than once, as to run)'
            cand --socket 'The control socket of their scheduler, if it runs'
            cand --state-dir 'The --state-dir of their scheduler'
            cand --name 'The --name of their scheduler'
            cand --store 'The --store of their scheduler: sqlite or sqlite:PATH'
            cand -v 'Say more'
            cand --verbose 'Say more'
            cand -q 'Say only what is wrong'
            cand --quiet 'Say only what is wrong'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'rsched;store;help'= {
            cand check 'Look whether the records are whole: every page, and every row with its checksum; not being so is exit code 1'
            cand recover 'Save what can be read of damaged records into a new file'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'rsched;store;help;check'= {
        }
        &'rsched;store;help;recover'= {
        }
        &'rsched;store;help;help'= {
        }
        &'rsched;trigger'= {
            cand --format 'How the answer looks'
            cand --socket 'Its control socket'
            cand -f 'The one that runs this jobs file'
            cand --file 'The one that runs this jobs file'
            cand --state-dir 'The one that was started with this --state-dir'
            cand --name 'The one that was started with this --name'
            cand --wait 'Follow the run to its end and exit with its exit code: 128+n if it died of signal n, 1 if it never ran'
            cand -v 'Say more'
            cand --verbose 'Say more'
            cand -q 'Say only what is wrong'
            cand --quiet 'Say only what is wrong'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'rsched;pause'= {
            cand --socket 'Its control socket'
            cand -f 'The one that runs this jobs file'
            cand --file 'The one that runs this jobs file'
            cand --state-dir 'The one that was started with this --state-dir'
            cand --name 'The one that was started with this --name'
            cand --all 'The scheduler'
            cand -v 'Say more'
            cand --verbose 'Say more'
            cand -q 'Say only what is wrong'
            cand --quiet 'Say only what is wrong'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'rsched;resume'= {
            cand --socket 'Its control socket'
            cand -f 'The one that runs this jobs file'
            cand --file 'The one that runs this jobs file'
            cand --state-dir 'The one that was started with this --state-dir'
            cand --name 'The one that was started with this --name'
            cand --all 'The scheduler'
            cand -v 'Say more'
            cand --verbose 'Say more'
            cand -q 'Say only what is wrong'
            cand --quiet 'Say only what is wrong'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'rsched;add'= {
            cand --cron 'A crontab expression, a nickname or a table of fields: ''{ day = "3rd fri", hour = 8 }'''
            cand --interval 'Every so often'
            cand --date 'Once, at this time'
            cand --set 'A key of the jobs file with its value (may be given more than once)'
            cand --socket 'Its control socket'
            cand -f 'The one that runs this jobs file'
            cand --file 'The one that runs this jobs file'
            cand --state-dir 'The one that was started with this --state-dir'
            cand --name 'The one that was started with this --name'
            cand --replace 'Take the place of a job that was added with the same id'
            cand -v 'Say more'
            cand --verbose 'Say more'
            cand -q 'Say only what is wrong'
            cand --quiet 'Say only what is wrong'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'rsched;modify'= {
            cand --socket 'Its control socket'
            cand -f 'The one that runs this jobs file'
            cand --file 'The one that runs this jobs file'
            cand --state-dir 'The one that was started with this --state-dir'
            cand --name 'The one that was started with this --name'
            cand -v 'Say more'
            cand --verbose 'Say more'
            cand -q 'Say only what is wrong'
            cand --quiet 'Say only what is wrong'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'rsched;reschedule'= {
            cand --cron 'A crontab expression, a nickname or a table of fields: ''{ day = "3rd fri", hour = 8 }'''
            cand --interval 'Every so often'
            cand --date 'Once, at this time'
            cand --socket 'Its control socket'
            cand -f 'The one that runs this jobs file'
            cand --file 'The one that runs this jobs file'
            cand --state-dir 'The one that was started with this --state-dir'
            cand --name 'The one that was started with this --name'
            cand -v 'Say more'
            cand --verbose 'Say more'
            cand -q 'Say only what is wrong'
            cand --quiet 'Say only what is wrong'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'rsched;remove'= {
            cand --socket 'Its control socket'
            cand -f 'The one that runs this jobs file'
            cand --file 'The one that runs this jobs file'
            cand --state-dir 'The one that was started with this --state-dir'
            cand --name 'The one that was started with this --name'
            cand --all 'All jobs that were added; those of the jobs file stay'
            cand -v 'Say more'
            cand --verbose 'Say more'
            cand -q 'Say only what is wrong'
            cand --quiet 'Say only what is wrong'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'rsched;kill'= {
            cand --socket 'Its control socket'
            cand -f 'The one that runs this jobs file'
            cand --file 'The one that runs this jobs file'
            cand --state-dir 'The one that was started with this --state-dir'
            cand --name 'The one that was started with this --name'
            cand -v 'Say more'
            cand --verbose 'Say more'
            cand -q 'Say only what is wrong'
            cand --quiet 'Say only what is wrong'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'rsched;events'= {
            cand --after 'Only what came after the event of this number'
            cand --format 'How the answer looks'
            cand --socket 'Its control socket'
            cand --file 'The one that runs this jobs file'
            cand --state-dir 'The one that was started with this --state-dir'
            cand --name 'The one that was started with this --name'
            cand -f 'Go on with what happens from now on'
            cand --follow 'Go on with what happens from now on'
            cand -v 'Say more'
            cand --verbose 'Say more'
            cand -q 'Say only what is wrong'
            cand --quiet 'Say only what is wrong'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'rsched;reload'= {
            cand --socket 'Its control socket'
            cand -f 'The one that runs this jobs file'
            cand --file 'The one that runs this jobs file'
            cand --state-dir 'The one that was started with this --state-dir'
            cand --name 'The one that was started with this --name'
            cand -v 'Say more'
            cand --verbose 'Say more'
            cand -q 'Say only what is wrong'
            cand --quiet 'Say only what is wrong'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'rsched;shutdown'= {
            cand --socket 'Its control socket'
            cand -f 'The one that runs this jobs file'
            cand --file 'The one that runs this jobs file'
            cand --state-dir 'The one that was started with this --state-dir'
            cand --name 'The one that was started with this --name'
            cand --now 'Stop what runs with SIGTERM at once, not after the shutdown timeout'
            cand -v 'Say more'
            cand --verbose 'Say more'
            cand -q 'Say only what is wrong'
            cand --quiet 'Say only what is wrong'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'rsched;import'= {
            cand --system 'It is a system crontab, with a user before each command [default: /etc/crontab and what is in /etc/cron.d]'
            cand -v 'Say more'
            cand --verbose 'Say more'
            cand -q 'Say only what is wrong'
            cand --quiet 'Say only what is wrong'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'rsched;completions'= {
            cand -v 'Say more'
            cand --verbose 'Say more'
            cand -q 'Say only what is wrong'
            cand --quiet 'Say only what is wrong'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'rsched;man'= {
            cand -v 'Say more'
            cand --verbose 'Say more'
            cand -q 'Say only what is wrong'
            cand --quiet 'Say only what is wrong'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'rsched;help'= {
            cand run 'Run the jobs of a file: the blocking scheduler, in the foreground'
            cand next 'Show the next fire times of an expression, or of the jobs of files'
            cand explain 'Explain a schedule in plain English, with its fields and what is odd about it'
            cand validate 'Check jobs files: every error and warning, nothing is run'
            cand exec 'Run one job now, in the foreground, exactly as the scheduler would, and exit with its exit code'
            cand list 'List the jobs, with their next fire and their last outcome'
            cand status 'Show how the running scheduler is; an unhealthy one is exit code 1'
            cand show 'Show all there is to know of one job or one run'
            cand history 'Show what ran, and what did not run'
            cand logs 'Print what a run printed, as far as it is kept'
            cand why 'Explain why a job ran, or did not run, at some time'
            cand store 'Look after the records'
            cand trigger 'Run a job now, whatever its schedule says'
            cand pause 'Pause jobs, whose fires then do not exist, or the scheduler, whose fires wait'
            cand resume 'Resume jobs that were paused, or the scheduler'
            cand add 'Add a job to the running scheduler'
            cand modify 'Change keys of a job that was added'
            cand reschedule 'Give a job that was added another trigger'
            cand remove 'Remove jobs that were added; what runs of them runs to its end'
            cand kill 'Stop a run, or all runs of a job: SIGTERM, and SIGKILL some time after'
            cand events 'Show what happened, and with -f what happens'
            cand reload 'Have the running scheduler read its jobs files again'
            cand shutdown 'Stop the running scheduler'
            cand import 'Print a jobs file that does what another scheduler''s file does'
            cand completions 'Print the completions of a shell'
            cand man 'Print the man page (roff)'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'rsched;help;run'= {
        }
        &'rsched;help;next'= {
        }
        &'rsched;help;explain'= {
        }
        &'rsched;help;validate'= {
        }
        &'rsched;help;exec'= {
        }
        &'rsched;help;list'= {
        }
        &'rsched;help;status'= {
        }
        &'rsched;help;show'= {
        }
        &'rsched;help;history'= {
        }
        &'rsched;help;logs'= {
        }
        &'rsched;help;why'= {
        }
        &'rsched;help;store'= {
            cand check 'Look whether the records are whole: every page, and every row with its checksum; not being so is exit code 1'
            cand recover 'Save what can be read of damaged records into a new file'
        }
        &'rsched;help;store;check'= {
        }
        &'rsched;help;store;recover'= {
        }
        &'rsched;help;trigger'= {
        }
        &'rsched;help;pause'= {
        }
        &'rsched;help;resume'= {
        }
        &'rsched;help;add'= {
        }
        &'rsched;help;modify'= {
        }
        &'rsched;help;reschedule'= {
        }
        &'rsched;help;remove'= {
        }
        &'rsched;help;kill'= {
        }
        &'rsched;help;events'= {
        }
        &'rsched;help;reload'= {
        }
        &'rsched;help;shutdown'= {
        }
        &'rsched;help;import'= {
        }
        &'rsched;help;completions'= {
        }
        &'rsched;help;man'= {
        }
        &'rsched;help;help'= {
        }
    ]
    $completions[$command]
}
