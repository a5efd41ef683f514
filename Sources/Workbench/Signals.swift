import Foundation

/// Lets every signal through. A parent may have left them blocked, as Foundation's `Process` does when it is used from
/// a task; then neither the end of a node nor ^C would ever be heard of.
func unblockSignals() {
  var every = sigset_t()
  unsafe sigfillset(&every)
  unsafe pthread_sigmask(SIG_UNBLOCK, &every, nil)
}
